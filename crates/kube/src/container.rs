//! The container of the pod.

use plimsoll_contract::judge::Proof;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::reference::DEFAULT_REGISTRY;
use plimsoll_model::{Because, Digest, Reference, Signal};

use crate::command_text::verbatim;
use crate::hardening::{Hardening, Setting, StartsAs};
use crate::name::ObjectName;
use crate::object::Node;
use crate::options::Options;
use crate::ports::Ports;
use crate::probes::Probes;
use crate::run::Run;
use crate::scratch::{Scratch, mount_node};
use crate::sizing::{PRE_STOP_SLEEP, pre_stop_because, resources};

/// What was decided before, for the container to be put together.
pub struct Parts<'a> {
    /// The proof.
    pub proof: &'a Proof,
    /// The wishes.
    pub options: &'a Options,
    /// The launch as built.
    pub run: Run<'a>,
    /// Name of the objects.
    pub name: String,
    /// Ports.
    pub ports: Ports,
    /// Restrictions.
    pub hardening: Hardening,
    /// Volumes.
    pub scratch: Vec<Scratch>,
    /// Seconds of the preStop sleep; 0 is none.
    pub pre_stop: u32,
}

/// Put the container together.
pub fn container(parts: &Parts, probes: Probes) -> Node {
    let Parts { proof, options, run, .. } = parts;
    let mounts = Node::list(parts.scratch.iter().map(mount_node));
    Node::map_some([
        ("name", Some(Node::text(&parts.name))),
        ("image", Some(image(proof, options))),
        ("command", Some(command(parts))),
        ("args", Some(args(parts))),
        ("workingDir", working_directory(parts)),
        ("env", Some(env(parts))),
        ("ports", Some(ports(parts))),
        ("resources", Some(resources(proof, run))),
        ("startupProbe", probes.startup),
        ("readinessProbe", probes.readiness),
        ("livenessProbe", probes.liveness),
        ("lifecycle", lifecycle(parts)),
        ("securityContext", Some(security_context(&parts.hardening))),
        ("volumeMounts", (!parts.scratch.is_empty()).then_some(mounts)),
    ])
}

/// By digest always: what runs is what was proven, and the tag may move.
fn image(proof: &Proof, options: &Options) -> Node {
    let evidence = &proof.evidence;
    let Ok(digest) = evidence.digest.parse::<Digest>() else {
        let why = "no digest is known: the tag may name another image tomorrow";
        return Node::text(&evidence.image).why(Because::Assumed(why.to_string()));
    };
    if let Some(reference) = &options.pulled_from {
        let because = Because::Derived(format!("the proven manifest, {reference} by its digest"));
        return Node::text(reference.with_digest(digest).canonical()).why(because);
    }
    let (repository, push) = match evidence.image.parse::<Reference>() {
        Ok(reference) if reference.registry == DEFAULT_REGISTRY => {
            let repository = reference.familiar_repository();
            let push = format!("{reference} REGISTRY/{repository}, and write that name before the @");
            (repository, push)
        }
        Ok(reference) => (reference.familiar_repository(), reference.to_string()),
        Err(_) => (ObjectName::from_image(&evidence.image).to_string(), "IMAGE REGISTRY/NAME".to_string()),
    };
    let why = format!("the proven manifest; not known to be in a registry: plimsoll push {push}");
    Node::text(format!("{repository}@{digest}")).why(Because::Assumed(why))
}

fn command(parts: &Parts) -> Node {
    let entrypoint = &parts.proof.contract.entrypoint;
    match &parts.options.command {
        Some(command) => Node::texts(command).why(Because::Asked("command".to_string())),
        None if entrypoint.value.is_empty() => {
            Node::unset(Because::Derived("the image has no ENTRYPOINT".to_string()))
        }
        None => Node::unset(Because::Derived(format!(
            "ENTRYPOINT of the image stays ({})",
            entrypoint.because.phrase()
        ))),
    }
}

fn args(parts: &Parts) -> Node {
    let (cmd, given) = (&parts.proof.contract.cmd, &parts.proof.evidence.given);
    let unset = |why: String| Node::unset(Because::Derived(why));
    match (&parts.options.args, &parts.options.command) {
        (Some(args), _) => Node::texts(args).why(Because::Asked("args".to_string())),
        (None, Some(_)) if !cmd.value.is_empty() => {
            unset(format!("command also removes CMD of the image ({})", cmd.because.phrase()))
        }
        (None, Some(_)) => unset("none asked for".to_string()),
        (None, None) if !given.args.is_empty() => {
            Node::texts(given.args.iter().map(|word| verbatim(word))).why(given_to_prove())
        }
        (None, None) if cmd.value.is_empty() => unset("the image has no CMD".to_string()),
        (None, None) => unset(format!("CMD of the image stays ({})", cmd.because.phrase())),
    }
}

/// The reason of what every experiment had.
fn given_to_prove() -> Because {
    Because::Asked("given to prove".to_string())
}

fn working_directory(parts: &Parts) -> Option<Node> {
    let workdir = parts.proof.evidence.given.workdir.as_ref()?;
    Some(Node::text(workdir).why(given_to_prove()))
}

/// The image's environment stays as it is, but for what the experiments were given, and for two variables:
/// initdb sets the mode of PGDATA, which must therefore be a directory it made itself, not the root of a mount;
/// and a program that wrote to a home directory that cannot be written was seen to work with another.
fn env(parts: &Parts) -> Node {
    let contract = &parts.proof.contract;
    let variable = |name: &str, value: String, because: Because| {
        Node::map([("name", Node::text(name)), ("value", Node::text(value).why(because))])
    };
    let given = parts.proof.evidence.given.env.iter();
    let mut set: Vec<Node> = given
        .filter_map(|(name, value)| {
            let because = match is_secret(name) {
                true => Because::Asked("given to prove; a Secret is the place for it".to_string()),
                false => given_to_prove(),
            };
            Some(variable(name, verbatim(value.as_ref()?), because))
        })
        .collect();
    let is_mount = |value: &str| parts.scratch.iter().any(|volume| volume.path == clean_path("/", value));
    if let Some(entry) =
        contract.env.iter().find(|entry| entry.value.0 == "PGDATA" && is_mount(&entry.value.1))
        && !parts.proof.evidence.given.env.iter().any(|(name, _)| name == "PGDATA")
    {
        let why = "initdb must own PGDATA, and a mount's root belongs to the node".to_string();
        let value = verbatim(&format!("{}/pgdata", clean_path("/", &entry.value.1)));
        set.push(variable("PGDATA", value, Because::Derived(why)));
    }
    if let Some((path, because)) = &parts.hardening.home {
        set.push(variable("HOME", verbatim(path), because.clone()));
    }
    if !set.is_empty() {
        return Node::list(set);
    }
    let names: Vec<&str> = contract.env.iter().map(|entry| entry.value.0.as_str()).collect();
    let why = match names.is_empty() {
        true => "the image sets none and none is needed".to_string(),
        false => format!("those of the image stay: {}", names.join(" ")),
    };
    Node::unset(Because::Derived(why))
}

/// Names under which people pass secrets.
fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| upper.contains(word))
}

fn ports(parts: &Parts) -> Node {
    let Ports { open, left_out } = &parts.ports;
    let left_out = left_out.join("; ");
    if open.is_empty() {
        let nothing = match parts.run.observed() {
            Some(_) => "nothing is listened on".to_string(),
            None => parts.run.why_unseen(),
        };
        return Node::unset(Because::Derived(if left_out.is_empty() { nothing } else { left_out }));
    }
    let ports = Node::list(open.iter().map(|port| {
        Node::map([
            ("name", Node::text(&port.name)),
            ("containerPort", Node::int(port.spec.number).why(port.because.clone())),
            ("protocol", Node::text(port.protocol())),
        ])
    }));
    if left_out.is_empty() { ports } else { ports.why(Because::Derived(format!("left out: {left_out}"))) }
}

fn lifecycle(parts: &Parts) -> Option<Node> {
    let signal = &parts.proof.contract.stop_signal;
    let stop_signal = (signal.value != Signal::TERM).then(|| {
        let why =
            format!("the runtime sends {} by itself: STOPSIGNAL ({})", signal.value, signal.because.phrase());
        Node::unset(Because::Derived(why))
    });
    if parts.pre_stop > 0 {
        let seconds = Node::int(PRE_STOP_SLEEP).why(pre_stop_because(parts.proof));
        let sleep = Node::map([("sleep", Node::map([("seconds", seconds)]))]);
        return Some(Node::map_some([("preStop", Some(sleep)), ("stopSignal", stop_signal)]));
    }
    if !parts.ports.open.is_empty() && !parts.options.kubernetes.has_sleep_action() {
        let why = format!("the sleep action came with 1.30, this is for {}", parts.options.kubernetes);
        return Some(Node::unset(Because::Derived(why)));
    }
    stop_signal
}

fn security_context(hardening: &Hardening) -> Node {
    let capabilities = match &hardening.drop_all {
        Setting::On(because) => {
            let added = (!hardening.added.is_empty()).then(|| {
                let why = match hardening.starts_as {
                    StartsAs::Root(_) => "needed by the program",
                    _ => "needed by the program; without root only where the file itself carries them",
                };
                Node::texts(&hardening.added).why(because_of(because, why))
            });
            Node::map_some([("drop", Some(Node::texts(["ALL"]).why(because.clone()))), ("add", added)])
        }
        Setting::Off(because) | Setting::Open(because) => Node::unset(because.clone()),
    };
    Node::map([
        ("allowPrivilegeEscalation", hardening.no_escalation.field(Node::bool(false), Node::bool(true))),
        ("capabilities", capabilities),
        ("readOnlyRootFilesystem", hardening.read_only_root.field(Node::bool(true), Node::bool(false))),
    ])
}

/// Another fact of the same experiment.
fn because_of(because: &Because, fact: &str) -> Because {
    match because {
        Because::Observed { experiment, .. } => {
            Because::Observed { experiment: experiment.clone(), fact: fact.to_string() }
        }
        _ => Because::Derived(fact.to_string()),
    }
}
