//! Pod Security Standards: one case for each rule.

use plimsoll_kube::{Level, Node, PodSecurity, pod_security};
use plimsoll_model::Because;

/// A pod that keeps every rule, with these values put in its pod spec, its pod's and its
/// container's security context, its container.
#[derive(Default)]
struct Pod {
    spec: Vec<(&'static str, Node)>,
    context: Vec<(&'static str, Node)>,
    container_context: Vec<(&'static str, Node)>,
    container: Vec<(&'static str, Node)>,
}

fn kind(name: &str) -> Node {
    Node::map([("type", Node::text(name))])
}

/// Later fields replace earlier ones of the same name.
fn merged(base: Vec<(&'static str, Node)>, over: &[(&'static str, Node)]) -> Node {
    let kept = base.into_iter().filter(|(key, _)| over.iter().all(|(other, _)| other != key));
    Node::map(kept.chain(over.iter().cloned()).collect::<Vec<_>>())
}

impl Pod {
    fn node(&self) -> Node {
        let drop = Node::map([("drop", Node::texts(["ALL"]))]);
        let context = vec![("runAsNonRoot", Node::bool(true)), ("seccompProfile", kind("RuntimeDefault"))];
        let container_context = vec![("allowPrivilegeEscalation", Node::bool(false)), ("capabilities", drop)];
        let security = merged(container_context, &self.container_context);
        let container =
            merged(vec![("name", Node::text("a")), ("securityContext", security)], &self.container);
        let spec = vec![
            ("securityContext", merged(context, &self.context)),
            ("containers", Node::list([container])),
        ];
        merged(spec, &self.spec)
    }
}

fn level(pod: &Pod) -> Level {
    pod_security(&pod.node()).level
}

fn spec(key: &'static str, node: Node) -> Level {
    level(&Pod { spec: vec![(key, node)], ..Pod::default() })
}

fn context(key: &'static str, node: Node) -> Level {
    level(&Pod { context: vec![(key, node)], ..Pod::default() })
}

fn in_container(key: &'static str, node: Node) -> Level {
    level(&Pod { container_context: vec![(key, node)], ..Pod::default() })
}

fn volume(key: &'static str) -> Level {
    spec("volumes", Node::list([Node::map([("name", Node::text("v")), (key, Node::map::<&str>([]))])]))
}

fn adds(names: &[&str]) -> Level {
    let lists = [("drop", Node::texts(["ALL"])), ("add", Node::texts(names.iter().copied()))];
    in_container("capabilities", Node::map(lists))
}

fn sysctl(name: &str) -> Level {
    context("sysctls", Node::list([Node::map([("name", Node::text(name)), ("value", Node::text("0"))])]))
}

#[test]
fn the_model_pod_is_restricted() {
    assert_eq!(
        pod_security(&Pod::default().node()),
        PodSecurity { level: Level::Restricted, violations: vec![] }
    );
    assert_eq!(sysctl("net.ipv4.ip_unprivileged_port_start"), Level::Restricted);
    assert_eq!(volume("persistentVolumeClaim"), Level::Restricted);
    assert_eq!(adds(&["NET_BIND_SERVICE"]), Level::Restricted);
    assert_eq!(context("runAsUser", Node::int(1)), Level::Restricted);
}

#[test]
fn what_baseline_allows_and_restricted_does_not() {
    for found in [
        context("runAsNonRoot", Node::bool(false)),
        context("runAsUser", Node::int(0)),
        context("seccompProfile", Node::unset(Because::ImageConfig)),
        in_container("allowPrivilegeEscalation", Node::bool(true)),
        in_container("runAsNonRoot", Node::bool(false)),
        in_container("runAsUser", Node::int(0)),
        in_container("capabilities", Node::map([("drop", Node::texts(["CHOWN"]))])),
        adds(&["CHOWN"]),
        volume("nfs"),
    ] {
        assert_eq!(found, Level::Baseline);
    }
}

#[test]
fn what_not_even_baseline_allows() {
    let elsewhere = Node::map([("httpGet", Node::map([("host", Node::text("10.0.0.1"))]))]);
    let container = |key: &'static str, node: Node| Pod { container: vec![(key, node)], ..Pod::default() };
    for found in [
        spec("hostNetwork", Node::bool(true)),
        spec("hostPID", Node::bool(true)),
        spec("hostIPC", Node::bool(true)),
        volume("hostPath"),
        adds(&["SYS_ADMIN"]),
        adds(&["NET_RAW"]),
        sysctl("kernel.core_pattern"),
        context("seccompProfile", kind("Unconfined")),
        in_container("appArmorProfile", kind("Unconfined")),
        in_container("seLinuxOptions", kind("spc_t")),
        in_container("privileged", Node::bool(true)),
        in_container("procMount", Node::text("Unmasked")),
        level(&container("ports", Node::list([Node::map([("hostPort", Node::int(80))])]))),
        level(&container("readinessProbe", elsewhere.clone())),
        level(&container("lifecycle", Node::map([("preStop", elsewhere)]))),
    ] {
        assert_eq!(found, Level::Privileged);
    }
}

#[test]
fn a_user_namespace_makes_root_harmless() {
    let pod = Pod {
        spec: vec![("hostUsers", Node::bool(false))],
        context: vec![("runAsNonRoot", Node::bool(false)), ("runAsUser", Node::int(0))],
        container_context: vec![("procMount", Node::text("Unmasked"))],
        ..Pod::default()
    };
    assert_eq!(level(&pod), Level::Restricted);
}

#[test]
fn init_containers_count() {
    let bare = Node::list([Node::map([("name", Node::text("i"))])]);
    let pod = Pod { spec: vec![("initContainers", bare)], ..Pod::default() };
    let found = pod_security(&pod.node());
    assert_eq!(found.level, Level::Baseline);
    assert_eq!(
        found.violations[0].to_string(),
        "restricted: initContainers[0].securityContext.allowPrivilegeEscalation must be false"
    );
}

#[test]
fn values_of_the_container_count_before_those_of_the_pod() {
    let pod = Pod {
        context: vec![("runAsNonRoot", Node::bool(false)), ("seccompProfile", kind("Localhost"))],
        container_context: vec![("runAsNonRoot", Node::bool(true))],
        ..Pod::default()
    };
    assert_eq!(level(&pod), Level::Restricted);
}
