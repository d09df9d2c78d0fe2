//! Being attached to a process in a container: the caller's streams, terminal and signals on one
//! side, the process on the other. The same for `run` and `exec`.

mod detach_keys;
mod foreground;
mod raw_terminal;
mod relay;
mod signals;

use std::os::fd::BorrowedFd;

pub(crate) use raw_terminal::window_of;
pub(crate) use relay::{Relay, Relayed};
pub(crate) use signals::CallersSignals;

/// The caller's streams.
#[derive(Debug, Clone, Copy)]
pub struct Streams<'fd> {
    /// Passed on to a process whose input is open.
    pub stdin: Option<BorrowedFd<'fd>>,
    /// Where its output goes.
    pub stdout: BorrowedFd<'fd>,
    /// Where its errors go.
    pub stderr: BorrowedFd<'fd>,
}

/// How being attached ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The process ended with this code, 128+n for a signal.
    Exit(i32),
    /// The caller left with the detach keys (ctrl-p ctrl-q); the process goes on.
    Detached,
}
