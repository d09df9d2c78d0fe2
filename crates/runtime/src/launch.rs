//! Carry a sandbox plan out: one clone, one loop over prepared steps, one exec.

use std::os::fd::OwnedFd;
use std::time::Duration;

use plimsoll_model::Signal;

/// What the new process gets as descriptors 0, 1 and 2.
#[derive(Debug)]
pub struct Stdio {
    /// Descriptor 0.
    pub stdin: OwnedFd,
    /// Descriptor 1.
    pub stdout: OwnedFd,
    /// Descriptor 2.
    pub stderr: OwnedFd,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By `exit`.
    Code(i32),
    /// By a signal.
    Signal(Signal),
}

impl Exit {
    /// The shell's and docker's number: the code, or 128 + signal.
    pub fn code(self) -> i32 {
        match self {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal.number(),
        }
    }
}

/// A started container process (PID 1 of its namespace), held by pidfd.
#[derive(Debug)]
pub struct Running {
    /// Pid as this process sees it.
    pub pid: u32,
    /// Descriptor of the process.
    pub pidfd: OwnedFd,
}

/// A wait that ended without the process ending.
pub type StillRunning = Option<Duration>;
