//! The launch contract: which process an image promises to start, as whom, where, on which ports,
//! and how it stops. Every value carries its reason.

use std::time::Duration;

use crate::engine::Engine;
use plimsoll_model::{Healthcheck, PortSpec, Reasoned, Signal, Source};

/// The promise of an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// ENTRYPOINT; empty means unset.
    pub entrypoint: Reasoned<Vec<String>>,
    /// CMD; empty means unset.
    pub cmd: Reasoned<Vec<String>>,
    /// USER as written; empty means root.
    pub user: Reasoned<String>,
    /// Working directory, `/` if unset.
    pub workdir: Reasoned<String>,
    /// Environment in order.
    pub env: Vec<Reasoned<(String, String)>>,
    /// EXPOSE.
    pub ports: Vec<Reasoned<PortSpec>>,
    /// VOLUME.
    pub volumes: Vec<Reasoned<String>>,
    /// The stop signal, SIGTERM if unset.
    pub stop_signal: Reasoned<Signal>,
    /// HEALTHCHECK; Kubernetes ignores it.
    pub healthcheck: Option<Reasoned<Healthcheck>>,
    /// The image's /bin/sh, identified by content.
    pub shell: ShellKind,
    /// The program the image starts, if it is a script whose text is at hand.
    pub script: Option<EntryScript>,
}

impl Contract {
    /// What differs in the promise itself, one phrase each: reasons aside, and the shell and script
    /// only where both are known. A prediction and the image built from it must not differ.
    pub fn differences(&self, other: &Contract) -> Vec<String> {
        let values =
            |list: &[Reasoned<String>]| list.iter().map(|item| item.value.clone()).collect::<Vec<_>>();
        let env =
            |contract: &Contract| contract.env.iter().map(|pair| pair.value.clone()).collect::<Vec<_>>();
        let ports = |contract: &Contract| contract.ports.iter().map(|port| port.value).collect::<Vec<_>>();
        let health = |contract: &Contract| contract.healthcheck.as_ref().map(|health| health.value.clone());
        let known = |contract: &Contract| contract.shell != ShellKind::Unknown;
        let shells = known(self) && known(other) && self.shell != other.shell;
        let scripts =
            matches!((&self.script, &other.script), (Some(a), Some(b)) if a.source.text() != b.source.text());
        let pairs = [
            ("ENTRYPOINT", self.entrypoint.value != other.entrypoint.value),
            ("CMD", self.cmd.value != other.cmd.value),
            ("USER", self.user.value != other.user.value),
            ("WORKDIR", self.workdir.value != other.workdir.value),
            ("ENV", env(self) != env(other)),
            ("EXPOSE", ports(self) != ports(other)),
            ("VOLUME", values(&self.volumes) != values(&other.volumes)),
            ("STOPSIGNAL", self.stop_signal.value != other.stop_signal.value),
            ("HEALTHCHECK", health(self) != health(other)),
            ("/bin/sh", shells),
            ("the entrypoint script", scripts),
        ];
        pairs.iter().filter(|(_, differs)| *differs).map(|(part, _)| part.to_string()).collect()
    }
}

/// A script started by ENTRYPOINT (or by CMD when there is no ENTRYPOINT).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryScript {
    /// The word of argv that names it.
    pub word: String,
    /// Its text; the name is where it was read: a path of the build context or of the image.
    pub source: Source,
}

/// Which program /bin/sh really is. Decides who PID 1 is in shell form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellKind {
    /// Debian's and Ubuntu's: never replaces itself by the last command.
    Dash,
    /// Replaces itself by a single simple last command.
    Bash,
    /// busybox ash: replaces itself by the last command, redirected ones too.
    Busybox,
    /// MirBSD ksh.
    Mksh,
    /// There is none: shell form cannot start.
    Missing,
    /// Present, not recognised, or the image's files are not at hand.
    Unknown,
}

impl ShellKind {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            ShellKind::Dash => "dash",
            ShellKind::Bash => "bash",
            ShellKind::Busybox => "busybox ash",
            ShellKind::Mksh => "mksh",
            ShellKind::Missing => "none",
            ShellKind::Unknown => "unknown",
        }
    }
}

/// A way of launching an image, with the values a person would give.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LaunchMode {
    /// `docker run IMAGE`
    AsBuilt,
    /// `docker run IMAGE ARGS...`
    RunArgs(Vec<String>),
    /// `docker run --entrypoint X IMAGE ARGS...`; an empty X removes the entrypoint.
    Entrypoint(String, Vec<String>),
    /// Kubernetes with neither command nor args.
    Pod,
    /// Kubernetes `args`.
    PodArgs(Vec<String>),
    /// Kubernetes `command`.
    PodCommand(Vec<String>),
    /// Kubernetes `command` and `args`.
    PodBoth(Vec<String>, Vec<String>),
}

impl LaunchMode {
    /// The mode as a person would say or type it.
    pub fn phrase(&self) -> String {
        let spaced = |words: &[String]| words.iter().map(|word| format!(" {word}")).collect::<String>();
        let listed = |words: &[String]| format!("[{}]", words.join(", "));
        match self {
            LaunchMode::AsBuilt => "run IMAGE".to_string(),
            LaunchMode::RunArgs(args) => format!("run IMAGE{}", spaced(args)),
            LaunchMode::Entrypoint(program, args) if program.is_empty() => {
                format!("run --entrypoint \"\" IMAGE{}", spaced(args))
            }
            LaunchMode::Entrypoint(program, args) => {
                format!("run --entrypoint {program} IMAGE{}", spaced(args))
            }
            LaunchMode::Pod => "kubernetes, nothing set".to_string(),
            LaunchMode::PodArgs(args) => format!("kubernetes args: {}", listed(args)),
            LaunchMode::PodCommand(command) => format!("kubernetes command: {}", listed(command)),
            LaunchMode::PodBoth(command, args) => {
                format!("kubernetes command: {} args: {}", listed(command), listed(args))
            }
        }
    }
}

/// What a launch mode gives: the argv of PID 1, or why nothing starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The mode.
    pub mode: LaunchMode,
    /// argv, or the engine's refusal in a sentence ("no command specified").
    pub argv: Result<Vec<String>, String>,
    /// What the other engine that knows the mode does, where that is something else.
    pub elsewhere: Option<Elsewhere>,
    /// The image's CMD is not part of argv although nobody wrote a replacement for it.
    pub drops_cmd: bool,
    /// Words a person gave that no program will see, because a shell takes them as $0, $1...
    pub ignored_args: Vec<String>,
    /// Who PID 1 will be once the shell (if any) has done its work.
    pub pid1: Pid1,
}

/// A launch by another engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// The engine.
    pub engine: Engine,
    /// Its argv, or its refusal.
    pub argv: Result<Vec<String>, String>,
}

/// Prediction of the program that stays as PID 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pid1 {
    /// This program (argv[0] of the final exec).
    Program(String),
    /// The shell stays and runs the program as its child.
    Shell {
        /// The shell's path as in argv.
        shell: String,
        /// The program below it, if it is clear which.
        child: Option<String>,
    },
    /// Cannot be told from the files; the text says why. `prove` finds out.
    Unknown(String),
    /// Nothing starts.
    Nothing,
}

/// A grace period before SIGKILL, by engine: docker and podman 10 s, Kubernetes 30 s.
pub const DOCKER_GRACE: Duration = Duration::from_secs(10);
/// Kubernetes' terminationGracePeriodSeconds default.
pub const KUBERNETES_GRACE: Duration = Duration::from_secs(30);
