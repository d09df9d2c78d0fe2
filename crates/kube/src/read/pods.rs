//! The containers of a manifest, with what they say about their process.

use plimsoll_model::{Diagnostic, Severity, Source, Span};

use super::expansion::expand;
use super::yaml::{self, Node};

/// A text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text; after expansion where the kubelet expands.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A variable of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: Written,
    /// Its value, expanded; `None` where it comes from elsewhere when the pod starts.
    pub value: Option<Written>,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: Option<u16>,
    /// The name probes and Services may call it by.
    pub name: Option<String>,
}

/// A probe or a hook that asks a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The field it stands in, as `livenessProbe`.
    pub field: &'static str,
    /// Number or name of the port.
    pub port: Written,
}

/// What of the restrictions of a `securityContext` holds, of the container or else of the pod.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restrictions {
    /// `runAsNonRoot: true`, or a `runAsUser` that is not 0.
    pub non_root: bool,
    /// `allowPrivilegeEscalation: false`.
    pub no_escalation: bool,
    /// `capabilities.drop` has ALL.
    pub drops_all: bool,
    /// `readOnlyRootFilesystem: true`.
    pub read_only_root: bool,
    /// `seccompProfile.type` is RuntimeDefault or Localhost.
    pub seccomp: bool,
}

/// A container of a pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// The object, as `Deployment/web`.
    pub object: String,
    /// Its name in the pod.
    pub name: String,
    /// It runs before the others.
    pub is_init: bool,
    /// The image.
    pub image: Option<Written>,
    /// `command`, expanded; empty if unset.
    pub command: Vec<Written>,
    /// `args`, expanded; empty if unset.
    pub args: Vec<Written>,
    /// `env` in order, expanded; of several of a name the last counts.
    pub env: Vec<Variable>,
    /// It also takes whole ConfigMaps or Secrets: more names than are written here.
    pub has_env_from: bool,
    /// Variables of the services of its namespace are set.
    pub has_service_links: bool,
    /// `runAsNonRoot`, of the container or else the pod.
    pub non_root: bool,
    /// `runAsUser`, of the container or else the pod.
    pub user: Option<String>,
    /// `workingDir`.
    pub workdir: Option<Written>,
    /// `ports`.
    pub ports: Vec<Port>,
    /// The probes that ask a port, and lifecycle hooks that do.
    pub probes: Vec<Probe>,
    /// What it may not do.
    pub restrictions: Restrictions,
    /// Where its `securityContext` stands, if it has one.
    pub security_context: Option<Span>,
    /// The pod runs on Windows, where most restrictions mean nothing.
    pub is_windows: bool,
    /// Where the container stands.
    pub span: Span,
}

/// What a manifest holds.
#[derive(Debug, Default)]
pub struct Objects {
    /// The containers of all pods, init containers first.
    pub containers: Vec<Container>,
    /// What the API server refuses, and what does something else than it seems to.
    pub problems: Vec<Diagnostic>,
}

/// Where the pod stands in the objects that have one.
fn pod_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

/// Read a manifest of one or several documents.
pub fn read(source: &Source) -> Objects {
    let mut reader = Reader { source, objects: Objects::default() };
    for document in yaml::documents(source, &mut reader.objects.problems) {
        reader.object(&document);
    }
    reader.objects
}

struct Reader<'a> {
    source: &'a Source,
    objects: Objects,
}

impl Reader<'_> {
    /// One object, or a List of them. A List inside a List is no Kubernetes.
    fn object(&mut self, node: &Node) {
        match kind(node) {
            "List" => {
                node.at(&["items"]).map_or(&[][..], Node::items).iter().for_each(|item| self.workload(item))
            }
            _ => self.workload(node),
        }
    }

    fn workload(&mut self, node: &Node) {
        let kind = kind(node);
        let Some(pod) = pod_path(kind).and_then(|path| node.at(path)) else { return };
        let name = node.at(&["metadata", "name"]).and_then(Node::text).unwrap_or("?");
        let object = format!("{kind}/{name}");
        for (key, is_init) in [("initContainers", true), ("containers", false)] {
            for container in pod.at(&[key]).map_or(&[][..], Node::items) {
                let container = self.container(&object, pod, container, is_init);
                self.objects.containers.push(container);
            }
        }
    }

    fn container(&mut self, object: &str, pod: &Node, node: &Node, is_init: bool) -> Container {
        let env_from = node.at(&["envFrom"]).map_or(&[][..], Node::items);
        let open = !env_from.is_empty();
        let links = pod.at(&["enableServiceLinks"]).and_then(Node::text) != Some("false");
        let env = self.env(node, open, links);
        let scope = Scope { env: &env, is_open: open, links };
        let security = |key: &str| {
            [node, pod].iter().find_map(|node| node.at(&["securityContext", key])?.text()).map(str::to_string)
        };
        Container {
            object: object.to_string(),
            name: node.at(&["name"]).and_then(Node::text).unwrap_or("?").to_string(),
            is_init,
            image: self.string(node.at(&["image"])),
            command: self.words(node.at(&["command"]), &scope),
            args: self.words(node.at(&["args"]), &scope),
            has_env_from: open,
            has_service_links: links,
            non_root: security("runAsNonRoot").as_deref() == Some("true"),
            user: security("runAsUser"),
            workdir: self.string(node.at(&["workingDir"])),
            ports: ports(node),
            probes: probes(node),
            restrictions: restrictions(node, pod),
            security_context: node.at(&["securityContext"]).map(|context| context.span),
            is_windows: pod.at(&["os", "name"]).and_then(Node::text) == Some("windows"),
            span: node.span,
            env,
        }
    }

    /// A value of `env` knows the variables before it, and those of ConfigMaps, Secrets and services.
    fn env(&mut self, container: &Node, is_open: bool, links: bool) -> Vec<Variable> {
        let mut env: Vec<Variable> = Vec::new();
        for node in container.at(&["env"]).map_or(&[][..], Node::items) {
            let Some(name) = self.string(node.at(&["name"])) else { continue };
            if env.iter().any(|earlier| earlier.name.text == name.text) {
                let message = format!("{} is set twice: the last one counts", name.text);
                self.report("K102", Severity::Warning, name.span, message);
            }
            let from_elsewhere = node.at(&["valueFrom"]).is_some();
            let value = match (from_elsewhere, self.string(node.at(&["value"]))) {
                (true, _) => None,
                (false, None) => Some(Written { text: String::new(), span: name.span }),
                (false, Some(value)) => Some(self.expanded(value, &Scope { env: &env, is_open, links })),
            };
            env.push(Variable { name, value });
        }
        env
    }

    fn words(&mut self, node: Option<&Node>, scope: &Scope<'_>) -> Vec<Written> {
        let Some(node) = node else { return Vec::new() };
        if let Some(text) = node.text().filter(|_| node.other_type() != Some("null")) {
            let message = format!("a list of words was expected, not the text '{text}'");
            self.report("K003", Severity::Error, node.span, message);
        }
        let words: Vec<Written> = node.items().iter().filter_map(|item| self.string(Some(item))).collect();
        words.into_iter().map(|word| self.expanded(word, scope)).collect()
    }

    fn expanded(&mut self, written: Written, scope: &Scope<'_>) -> Written {
        let expanded = expand(&written.text, |name| scope.value(name));
        for name in &expanded.unknown {
            let message =
                format!("$({name}) stays as it is written: nothing of that name is in the pod's env above");
            let found = Diagnostic::new("K101", "", Severity::Warning, message)
                .at(self.source, written.span, "")
                .note(
                    "the image's own ENV is not known to the kubelet; only a shell would expand it, as $NAME",
                );
            self.objects.problems.push(found);
        }
        Written { text: expanded.text, span: written.span }
    }

    /// A string; the API server refuses anything else in its place.
    fn string(&mut self, node: Option<&Node>) -> Option<Written> {
        let node = node?;
        if let Some(other) = node.other_type() {
            let text = self.source.slice(node.span);
            let message = match node.text() {
                Some(_) if other == "null" => return None,
                Some(_) => format!("{text} is {other} here and a string was expected: write \"{text}\""),
                None => format!("a string was expected, not {other}"),
            };
            self.report("K003", Severity::Error, node.span, message);
        }
        node.text().map(|text| Written { text: text.to_string(), span: node.span })
    }

    fn report(&mut self, code: &str, severity: Severity, span: Span, message: String) {
        self.objects.problems.push(Diagnostic::new(code, "", severity, message).at(self.source, span, ""));
    }
}

/// The variables an expansion knows.
struct Scope<'a> {
    env: &'a [Variable],
    /// More names come from ConfigMaps and Secrets than can be read here.
    is_open: bool,
    /// Services of the namespace have variables.
    links: bool,
}

impl Scope<'_> {
    fn value(&self, name: &str) -> Option<String> {
        let known = self.env.iter().rev().find(|variable| variable.name.text == name);
        let as_written = || format!("$({name})");
        match known {
            Some(variable) => {
                Some(variable.value.as_ref().map_or_else(as_written, |value| value.text.clone()))
            }
            None => (self.is_open || self.is_of_a_service(name)).then(as_written),
        }
    }

    /// Whether Kubernetes may set the name for a service (k8s: pkg/kubelet/envvars/envvars.go). That of the
    /// API server is always there.
    fn is_of_a_service(&self, name: &str) -> bool {
        let ends = ["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"].iter().any(|end| name.ends_with(end));
        let form = ends || name.contains("_SERVICE_PORT_") || name.contains("_PORT_");
        form && (self.links || name.starts_with("KUBERNETES_"))
    }
}

fn ports(container: &Node) -> Vec<Port> {
    let items = container.at(&["ports"]).map_or(&[][..], Node::items);
    let text = |port: &Node, key: &str| port.at(&[key]).and_then(Node::text).map(str::to_string);
    let port = |port: &Node| Port {
        number: text(port, "containerPort").and_then(|number| number.parse().ok()),
        name: text(port, "name"),
    };
    items.iter().map(|item| port(item)).collect()
}

/// Fields of a container with a port that the kubelet asks, and the ways of asking.
const ASKED: [(&str, &[&str]); 5] = [
    ("livenessProbe", &["livenessProbe"]),
    ("readinessProbe", &["readinessProbe"]),
    ("startupProbe", &["startupProbe"]),
    ("lifecycle.postStart", &["lifecycle", "postStart"]),
    ("lifecycle.preStop", &["lifecycle", "preStop"]),
];

fn probes(container: &Node) -> Vec<Probe> {
    let found = ASKED.iter().filter_map(|(field, path)| {
        let asked = container.at(path)?;
        let port = ["httpGet", "tcpSocket", "grpc"].iter().find_map(|how| asked.at(&[how, "port"]))?;
        Some(Probe { field, port: Written { text: port.text()?.to_string(), span: port.span } })
    });
    found.collect()
}

/// Fields of the container win over those of the pod, one by one (k8s: pkg/securitycontext/util.go
/// DetermineEffectiveSecurityContext); capabilities, escalation and the root file system are the container's.
fn restrictions(container: &Node, pod: &Node) -> Restrictions {
    let own = |path: &[&str]| container.at(&[&["securityContext"], path].concat()).and_then(Node::text);
    let either = |path: &[&str]| {
        [container, pod].into_iter().find_map(|node| node.at(&[&["securityContext"], path].concat())?.text())
    };
    let dropped = container.at(&["securityContext", "capabilities", "drop"]).map_or(&[][..], Node::items);
    let user = either(&["runAsUser"]).is_some_and(|user| user != "0");
    Restrictions {
        non_root: user || either(&["runAsNonRoot"]) == Some("true"),
        no_escalation: own(&["allowPrivilegeEscalation"]) == Some("false"),
        drops_all: dropped.iter().any(|name| name.text() == Some("ALL")),
        read_only_root: own(&["readOnlyRootFilesystem"]) == Some("true"),
        seccomp: matches!(either(&["seccompProfile", "type"]), Some("RuntimeDefault" | "Localhost")),
    }
}

fn kind(node: &Node) -> &str {
    node.at(&["kind"]).and_then(Node::text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str) -> Objects {
        read(&Source::new("deploy.yaml", text))
    }

    fn texts(words: &[Written]) -> Vec<&str> {
        words.iter().map(|word| word.text.as_str()).collect()
    }

    fn pod(container: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers:\n  - name: c\n{container}"
        )
    }

    #[test]
    fn every_kind_that_has_a_pod() {
        let spec = "{initContainers: [{name: i, image: x}], containers: [{name: c, image: y}]}";
        let object =
            |kind: &str, spec: String| format!("kind: {kind}\nmetadata: {{name: n}}\nspec: {spec}\n");
        let template = format!("{{template: {{spec: {spec}}}}}");
        for kind in ["Deployment", "StatefulSet", "DaemonSet", "Job"] {
            let found = objects(&object(kind, template.clone())).containers;
            assert_eq!(found.len(), 2, "{kind}");
            assert_eq!((found[0].is_init, found[1].object.as_str()), (true, format!("{kind}/n").as_str()));
        }
        assert_eq!(objects(&object("Pod", spec.to_string())).containers.len(), 2);
        assert_eq!(
            objects(&object("CronJob", format!("{{jobTemplate: {{spec: {template}}}}}"))).containers.len(),
            2
        );
        let several =
            format!("{}---\nkind: Service\n---\n{}", object("Pod", spec.into()), object("Pod", spec.into()));
        assert_eq!(objects(&several).containers.len(), 4);
        let list = format!("kind: List\nitems:\n- {{kind: Pod, metadata: {{name: a}}, spec: {spec}}}\n");
        assert_eq!(objects(&list).containers[0].object, "Pod/a");
    }

    #[test]
    fn names_come_from_earlier_env_and_not_from_the_image() {
        let found = objects(&pod(
            "    env:\n    - {name: A, value: \"$(B)\"}\n    - {name: B, value: b}\n    - {name: C, value: \"$(B)-$$(B)\"}\n    \
             - {name: S, valueFrom: {fieldRef: {fieldPath: x}}}\n    command: [run, \"$(C)\"]\n    \
             args: [\"$(PATH)\", \"$(S)\", \"$B\", \"$(DB_SERVICE_HOST)\"]\n",
        ));
        let container = &found.containers[0];
        assert_eq!(texts(&container.command), ["run", "b-$(B)"]);
        assert_eq!(texts(&container.args), ["$(PATH)", "$(S)", "$B", "$(DB_SERVICE_HOST)"]);
        assert_eq!(container.env[0].value.as_ref().unwrap().text, "$(B)");
        let messages: Vec<&str> = found.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert!(
            messages.len() == 2 && messages[0].contains("$(B)") && messages[1].contains("$(PATH)"),
            "{messages:?}"
        );
        let open = objects(&pod("    envFrom: [{configMapRef: {name: m}}]\n    args: [\"$(X)\"]\n"));
        assert!(open.problems.is_empty() && open.containers[0].has_env_from);
        let unlinked = "kind: Pod\nspec:\n  enableServiceLinks: false\n  containers:\n  \
                        - args: [\"$(DB_SERVICE_HOST)\", \"$(KUBERNETES_SERVICE_HOST)\"]\n";
        assert_eq!(objects(unlinked).problems.len(), 1);
    }

    #[test]
    fn what_the_api_server_refuses() {
        let cases = [
            ("    args: [80]\n", "80 is a number here"),
            ("    command: [echo, yes]\n", "yes is a boolean here"),
            ("    command: run it\n", "a list of words was expected"),
            ("    args: [[a]]\n", "not a list"),
            ("    image: a\n    image: b\n", "'image' is written twice"),
        ];
        for (container, expected) in cases {
            let found = objects(&pod(container));
            assert_eq!(found.problems.len(), 1, "{container}: {:?}", found.problems);
            assert!(found.problems[0].message.contains(expected), "{}", found.problems[0].message);
        }
        let twice = objects(&pod("    env: [{name: A, value: a}, {name: A, value: b}]\n"));
        assert_eq!(twice.problems[0].severity, Severity::Warning);
        assert!(objects("just text").containers.is_empty() && objects("").problems.is_empty());
    }

    #[test]
    fn the_container_beats_the_pod() {
        let text = "kind: Pod\nspec:\n  enableServiceLinks: false\n  securityContext: {runAsNonRoot: true, runAsUser: 1}\n  \
                    containers:\n  - {name: c, securityContext: {runAsUser: 2}}\n";
        let container = &objects(text).containers[0];
        assert!(container.non_root && !container.has_service_links);
        assert_eq!(container.user.as_deref(), Some("2"));
    }
}
