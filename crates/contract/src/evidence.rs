//! What really happened in experiments: facts, each with the command that repeats it.
//!
//! `prove` produces these values, [`crate::judge`] weighs them, `kube` and the report read them.

use std::time::Duration;

use plimsoll_model::{PortSpec, Signal};

use crate::contract::{Launch, LaunchMode};

/// Everything seen of one image on one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Reference as asked for.
    pub image: String,
    /// Manifest digest.
    pub digest: String,
    /// What the machine allows, one phrase each, for the reader of a report.
    pub machine: Vec<String>,
    /// One record per launch mode, in the order of the matrix.
    pub launches: Vec<LaunchRecord>,
    /// The stop test of the image as built; `None` if it never ran.
    pub stop: Option<StopRecord>,
    /// Paths written by the image as built.
    pub written: Vec<WrittenPath>,
    /// The rungs tried, in order.
    pub rungs: Vec<RungRecord>,
    /// Highest memory use seen of all processes together, bytes, with the method used.
    pub memory_peak: Option<(u64, &'static str)>,
    /// The program's answer to an HTTP request on its first TCP port, if it speaks HTTP.
    pub http: Option<HttpAnswer>,
}

/// One launch really done.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchRecord {
    /// Stable id such as `launch-1`; `plimsoll prove IMAGE --case ID` repeats it.
    pub id: String,
    /// What `explain` predicted.
    pub predicted: Launch,
    /// What happened.
    pub outcome: Outcome,
    /// The `plimsoll run` command line that repeats it by hand.
    pub command: String,
    /// First lines of stdout and stderr together.
    pub log: Vec<String>,
    /// Time from exec to ready or exit.
    pub took: Duration,
}

/// What became of a launch.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It runs (at the end of the observation) with these processes.
    Running(Observed),
    /// It ended by itself with this exit code (128+n for a signal), having looked like this.
    Exited {
        /// Exit code.
        code: i32,
        /// Last view of the processes before the end, if it lived long enough.
        seen: Option<Observed>,
    },
    /// Nothing was started: the engine's refusal or the reason the exec failed.
    NotStarted {
        /// docker's exit code: 125, 126, 127.
        code: i32,
        /// One sentence.
        why: String,
    },
    /// Not tried, or cannot be decided on this machine.
    Undecided {
        /// One sentence.
        why: String,
    },
}

/// The processes of a running container.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// PID 1 first, then the others by pid.
    pub processes: Vec<ProcessFact>,
    /// Sockets listened on.
    pub listening: Vec<Listener>,
    /// Time from exec to the first listener; `None` if there is none.
    pub first_listen: Option<Duration>,
}

impl Observed {
    /// PID 1.
    pub fn pid1(&self) -> Option<&ProcessFact> {
        self.processes.iter().find(|process| process.pid == 1)
    }
}

/// One process, as seen from outside through /proc.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessFact {
    /// Pid inside the container.
    pub pid: u32,
    /// Parent's pid inside the container.
    pub parent: u32,
    /// Command line.
    pub argv: Vec<String>,
    /// Path of the executable inside the container.
    pub exe: String,
    /// Effective user id inside the container.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Effective capabilities, names without `CAP_`.
    pub capabilities: Vec<String>,
    /// A zombie.
    pub zombie: bool,
    /// Signals it catches or waits for (SigCgt and SigBlk).
    pub handles: Vec<Signal>,
}

/// A listening socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listener {
    /// Number and protocol.
    pub port: PortSpec,
    /// Bound to loopback only: not reachable from outside.
    pub loopback_only: bool,
}

/// The stop test.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRecord {
    /// Stable id.
    pub id: String,
    /// The signal sent to PID 1.
    pub signal: Signal,
    /// Grace given before SIGKILL.
    pub grace: Duration,
    /// From the signal to the end of the container, one value a run.
    pub times: Vec<Duration>,
    /// Exit code (128+n for a signal) of the last run.
    pub code: i32,
    /// SIGKILL was needed.
    pub killed: bool,
    /// Processes other than PID 1 that were still alive when PID 1 ended and died with its
    /// namespace: their handlers never ran.
    pub killed_with_namespace: Vec<String>,
    /// Zombies seen before or during the stop.
    pub zombies: u32,
    /// What happened to the listener and when, relative to the signal.
    pub listener_closed: Option<Duration>,
    /// Last lines of output after the signal.
    pub log: Vec<String>,
}

/// A path written, as left in the writable layer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrittenPath {
    /// Absolute path.
    pub path: String,
    /// Bytes of a file, 0 for others.
    pub bytes: u64,
    /// Directory, file, deleted...
    pub what: Written,
}

/// What was done at a written path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {
    /// A new or changed file.
    File,
    /// A new directory.
    Directory,
    /// A link, fifo, socket.
    Other,
    /// Removed from the image's files.
    Deleted,
}

/// A restriction tried.
#[derive(Debug, Clone, PartialEq)]
pub struct RungRecord {
    /// Stable id such as `rung-read-only`.
    pub id: String,
    /// Which restriction.
    pub rung: Rung,
    /// Held or broke.
    pub verdict: Verdict,
    /// What was seen, one phrase ("started, served, stopped").
    pub fact: String,
    /// What had to be given besides (writable mounts, capabilities) for it to hold.
    pub relaxations: Vec<Relaxation>,
    /// The `plimsoll run` command line that repeats it.
    pub command: String,
}

/// A restriction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rung {
    /// Not uid 0: as this uid and gid.
    NonRoot {
        /// User id tried.
        uid: u32,
        /// Group id tried.
        gid: u32,
    },
    /// Read-only root file system.
    ReadOnlyRoot,
    /// No capability at all.
    DropAllCapabilities,
    /// no_new_privs.
    NoNewPrivileges,
    /// All of the above together, as the generated manifest has them.
    AllTogether,
}

/// Something that had to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Relaxation {
    /// A writable empty directory at this path.
    WritableMount(String),
    /// This capability.
    Capability(String),
    /// Root after all.
    RunAsRoot,
    /// A writable root file system after all.
    WritableRoot,
    /// Privilege escalation after all.
    PrivilegeEscalation,
}

/// The weight of a claim after the experiments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Seen to be so.
    Proven,
    /// Seen not to be so; the text says what was seen instead.
    Refuted(String),
    /// Not decidable here; the text says why.
    Unproven(String),
}

/// Answer to an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Port asked.
    pub port: u16,
    /// Path asked.
    pub path: String,
    /// Status code.
    pub status: u16,
}

impl Evidence {
    /// The record of the image started as it is.
    pub fn as_built(&self) -> Option<&LaunchRecord> {
        self.launches.iter().find(|record| record.predicted.mode == LaunchMode::AsBuilt)
    }
}
