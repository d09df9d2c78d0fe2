//! The Pod Security level of a pod, by the rules of the admission controller of Kubernetes 1.36
//! (`pod-security-admission/policy/check_*.go`, profiles "baseline" and "restricted", latest).
//!
//! AppArmor annotations, which a pod spec does not show, are left out (the field replaced them in 1.30).
//! `readOnlyRootFilesystem` is in no level.

use std::fmt;

use crate::object::{Node, Value};

/// Pod Security Standards, from the loosest to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No rule holds.
    Privileged,
    /// Known ways out of the container are closed.
    Baseline,
    /// Hardened.
    Restricted,
}

impl Level {
    /// The word of the namespace label `pod-security.kubernetes.io/enforce`.
    pub fn word(self) -> &'static str {
        match self {
            Level::Privileged => "privileged",
            Level::Baseline => "baseline",
            Level::Restricted => "restricted",
        }
    }
}

/// A rule that a pod does not keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The loosest level that has the rule.
    pub level: Level,
    /// Where, `spec.containers[0].securityContext.privileged` for instance (without `spec.`).
    pub path: String,
    /// What the rule asks for.
    pub rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.level.word(), self.path, self.rule)
    }
}

/// The judgement over a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSecurity {
    /// The strictest level all of whose rules are kept.
    pub level: Level,
    /// What stands in the way of a stricter one.
    pub violations: Vec<Violation>,
}

/// Judge a pod spec.
pub fn pod_security(pod: &Node) -> PodSecurity {
    let own_users = pod.get("hostUsers").and_then(Node::as_bool) == Some(false);
    let mut check = Check { own_users, violations: Vec::new() };
    let containers = containers(pod);
    check.host(pod);
    check.volumes(pod);
    check.security_context("securityContext", pod.get("securityContext"));
    check.sysctls(pod);
    for (path, container) in &containers {
        check.container(path, container);
    }
    check.non_root(pod, &containers);
    check.seccomp_is_set(pod, &containers);
    check.violations.sort_by_key(|violation| violation.level);
    let level = match check.violations.first().map(|violation| violation.level) {
        Some(Level::Restricted) => Level::Baseline,
        Some(_) => Level::Privileged,
        None => Level::Restricted,
    };
    PodSecurity { level, violations: check.violations }
}

fn containers(pod: &Node) -> Vec<(String, &Node)> {
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let items = lists.iter().flat_map(|list| {
        let items = pod.get(list).map_or(&[][..], Node::items);
        items.iter().enumerate().map(move |(at, container)| (format!("{list}[{at}]"), container))
    });
    items.collect()
}

/// Capabilities that baseline lets a container add.
const ADDABLE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel parameters that concern the pod only.
const SAFE_SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

/// Volume types that restricted allows.
const PLAIN_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// SELinux types that baseline allows.
const SELINUX_TYPES: [&str; 4] = ["", "container_t", "container_init_t", "container_kvm_t"];

struct Check {
    /// The pod has a user namespace: its root is nobody on the node, so three rules are not asked for.
    own_users: bool,
    violations: Vec<Violation>,
}

impl Check {
    fn refuse(&mut self, broken: bool, level: Level, path: String, rule: &'static str) {
        if broken {
            self.violations.push(Violation { level, path, rule });
        }
    }

    fn host(&mut self, pod: &Node) {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            let rule = "must not be true";
            self.refuse(is_true(pod.get(field)), Level::Baseline, field.to_string(), rule);
        }
    }

    fn volumes(&mut self, pod: &Node) {
        for (at, volume) in pod.get("volumes").map_or(&[][..], Node::items).iter().enumerate() {
            for field in volume.fields().filter(|field| field.key != "name") {
                let path = format!("volumes[{at}].{}", field.key);
                let host = field.key == "hostPath";
                self.refuse(host, Level::Baseline, path.clone(), "must not be used");
                let special = !host && !PLAIN_VOLUMES.contains(&field.key.as_str());
                self.refuse(special, Level::Restricted, path, "is no volume type of restricted pods");
            }
        }
    }

    fn sysctls(&mut self, pod: &Node) {
        let sysctls = pod.at(&["securityContext", "sysctls"]).map_or(&[][..], Node::items);
        for (at, sysctl) in sysctls.iter().enumerate() {
            let name = sysctl.get("name").and_then(Node::as_text).unwrap_or("");
            let path = format!("securityContext.sysctls[{at}]");
            self.refuse(!SAFE_SYSCTLS.contains(&name), Level::Baseline, path, "must be a safe one");
        }
    }

    /// Rules that a pod's and a container's security context share.
    fn security_context(&mut self, path: &str, context: Option<&Node>) {
        let Some(context) = context else { return };
        let text = |keys: &[&str]| context.at(keys).and_then(Node::as_text);
        let at = |field: &str| format!("{path}.{field}");
        for profile in ["seccompProfile", "appArmorProfile"] {
            let unconfined = text(&[profile, "type"]) == Some("Unconfined");
            self.refuse(unconfined, Level::Baseline, at(profile), "must not be Unconfined");
        }
        let selinux_type = text(&["seLinuxOptions", "type"]).unwrap_or("");
        let known = SELINUX_TYPES.contains(&selinux_type);
        self.refuse(!known, Level::Baseline, at("seLinuxOptions.type"), "must be a container type");
        for field in ["user", "role"] {
            let set = text(&["seLinuxOptions", field]).is_some_and(|text| !text.is_empty());
            self.refuse(set, Level::Baseline, at(&format!("seLinuxOptions.{field}")), "must not be set");
        }
        let host_process = is_true(context.at(&["windowsOptions", "hostProcess"]));
        self.refuse(host_process, Level::Baseline, at("windowsOptions.hostProcess"), "must not be true");
        let root = !self.own_users && context.get("runAsUser").and_then(Node::as_int) == Some(0);
        self.refuse(root, Level::Restricted, at("runAsUser"), "must not be 0");
    }

    fn container(&mut self, path: &str, container: &Node) {
        let context_path = format!("{path}.securityContext");
        let context = container.get("securityContext");
        self.security_context(&context_path, context);
        let field = |keys: &[&str]| context.and_then(|context| context.at(keys));
        let at = |field: &str| format!("{context_path}.{field}");
        self.refuse(is_true(field(&["privileged"])), Level::Baseline, at("privileged"), "must not be true");
        let proc_mount = field(&["procMount"]).and_then(Node::as_text).unwrap_or("Default");
        let unmasked = !self.own_users && proc_mount != "Default";
        self.refuse(unmasked, Level::Baseline, at("procMount"), "must be Default");
        let escalation = field(&["allowPrivilegeEscalation"]).and_then(Node::as_bool) != Some(false);
        self.refuse(escalation, Level::Restricted, at("allowPrivilegeEscalation"), "must be false");
        self.capabilities(&at("capabilities"), field(&["capabilities"]));
        self.host_ports(path, container);
        self.host_of_handlers(path, container);
    }

    fn capabilities(&mut self, path: &str, capabilities: Option<&Node>) {
        let names = |list: &str| -> Vec<&str> {
            let items = capabilities.and_then(|node| node.get(list)).map_or(&[][..], Node::items);
            items.iter().filter_map(Node::as_text).collect()
        };
        let drops_all = names("drop").contains(&"ALL");
        self.refuse(!drops_all, Level::Restricted, format!("{path}.drop"), "must contain ALL");
        let added = names("add");
        let beyond_docker = added.iter().any(|name| !ADDABLE.contains(name));
        self.refuse(
            beyond_docker,
            Level::Baseline,
            format!("{path}.add"),
            "goes beyond the runtime's defaults",
        );
        let beyond_ports = added.iter().any(|name| *name != "NET_BIND_SERVICE");
        self.refuse(
            beyond_ports,
            Level::Restricted,
            format!("{path}.add"),
            "may contain only NET_BIND_SERVICE",
        );
    }

    fn host_ports(&mut self, path: &str, container: &Node) {
        for (at, port) in container.get("ports").map_or(&[][..], Node::items).iter().enumerate() {
            let used = port.get("hostPort").and_then(Node::as_int).is_some_and(|number| number != 0);
            self.refuse(used, Level::Baseline, format!("{path}.ports[{at}].hostPort"), "must not be used");
        }
    }

    /// A probe or hook with a host of its own would let the kubelet call anything.
    fn host_of_handlers(&mut self, path: &str, container: &Node) {
        let handlers: [&[&str]; 5] = [
            &["livenessProbe"],
            &["readinessProbe"],
            &["startupProbe"],
            &["lifecycle", "preStop"],
            &["lifecycle", "postStart"],
        ];
        for handler in handlers {
            for kind in ["httpGet", "tcpSocket"] {
                let host =
                    container.at(handler).and_then(|node| node.at(&[kind, "host"])).and_then(Node::as_text);
                let path = format!("{path}.{}.{kind}.host", handler.join("."));
                self.refuse(
                    host.is_some_and(|host| !host.is_empty()),
                    Level::Baseline,
                    path,
                    "must not be set",
                );
            }
        }
    }

    /// The container's value counts, the pod's where it has none.
    fn non_root(&mut self, pod: &Node, containers: &[(String, &Node)]) {
        let of = |node: &Node| node.at(&["securityContext", "runAsNonRoot"]).and_then(Node::as_bool);
        for (path, container) in containers {
            let holds = self.own_users || of(container).or(of(pod)) == Some(true);
            self.refuse(
                !holds,
                Level::Restricted,
                format!("{path}.securityContext.runAsNonRoot"),
                "must be true here or for the pod",
            );
        }
    }

    fn seccomp_is_set(&mut self, pod: &Node, containers: &[(String, &Node)]) {
        let of =
            |node: &Node| node.at(&["securityContext", "seccompProfile", "type"]).map(|node| node.one_line());
        for (path, container) in containers {
            let profile = of(container).or(of(pod));
            let set = matches!(profile.as_deref(), Some("RuntimeDefault" | "Localhost" | "Unconfined"));
            self.refuse(
                !set,
                Level::Restricted,
                format!("{path}.securityContext.seccompProfile"),
                "must be set here or for the pod",
            );
        }
    }
}

fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.value == Value::Bool(true))
}
