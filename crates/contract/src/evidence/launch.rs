//! One launch really done: its processes and its listeners.

use std::time::Duration;

use plimsoll_model::{PortSpec, Signal};

use super::Start;
use crate::contract::Launch;

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
    /// PID 1 before its first instruction; `None` if nothing started, or nobody may look there.
    pub start: Option<Start>,
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
