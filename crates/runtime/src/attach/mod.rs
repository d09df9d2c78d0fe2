//! Being attached to a process in a container: the caller's streams, terminal and signals on one
//! side, the process on the other. The same for `run` and `exec`.

mod detach_keys;
mod foreground;
mod raw_terminal;
mod relay;
mod signals;

use std::os::fd::BorrowedFd;

pub use detach_keys::DETACH_KEYS;
pub(crate) use raw_terminal::set_window;
use raw_terminal::window_of;
pub(crate) use relay::{Relay, Relayed, Unread};
pub(crate) use signals::CallersSignals;

/// The caller's streams, and what else of the caller reaches the process.
#[derive(Debug, Clone, Copy)]
pub struct Streams<'fd> {
    /// Passed on to a process whose input is open.
    pub stdin: Option<BorrowedFd<'fd>>,
    /// Where its output goes.
    pub stdout: BorrowedFd<'fd>,
    /// Where its errors go.
    pub stderr: BorrowedFd<'fd>,
    /// Keys that leave its terminal ([`DETACH_KEYS`]); with none, nothing does.
    pub detach_keys: &'fd [u8],
    /// Pass the caller's signals on; else they act on the caller, and the process goes on.
    pub forwards_signals: bool,
}

impl<'fd> Streams<'fd> {
    /// These streams with docker's keys, and signals passed on.
    pub fn new(stdin: Option<BorrowedFd<'fd>>, stdout: BorrowedFd<'fd>, stderr: BorrowedFd<'fd>) -> Self {
        Streams { stdin, stdout, stderr, detach_keys: &DETACH_KEYS, forwards_signals: true }
    }

    /// Rows and columns of the caller's terminal; `None` if neither input nor output is one.
    pub(crate) fn window(&self) -> Option<(u16, u16)> {
        self.stdin.and_then(window_of).or_else(|| window_of(self.stdout))
    }
}

/// How being attached ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finished {
    /// The process ended with this code, 128+n for a signal.
    Exit(i32),
    /// The caller left with the detach keys; the process goes on.
    Detached,
}
