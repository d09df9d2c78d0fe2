//! The caller's terminal while a program in a container uses it: every key goes there as it is.

use std::os::fd::BorrowedFd;

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The terminal is raw while this value lives.
#[derive(Debug)]
pub(super) struct RawTerminal<'fd> {
    terminal: BorrowedFd<'fd>,
    before: Termios,
}

impl<'fd> RawTerminal<'fd> {
    /// Make it raw; `None` if it is no terminal.
    pub fn enter(terminal: BorrowedFd<'fd>) -> Option<Self> {
        let before = tcgetattr(terminal).ok()?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(terminal, OptionalActions::Drain, &raw).ok()?;
        Some(RawTerminal { terminal, before })
    }
}

impl Drop for RawTerminal<'_> {
    fn drop(&mut self) {
        // A terminal that is gone needs no restoring.
        let _ = tcsetattr(self.terminal, OptionalActions::Drain, &self.before);
    }
}

/// Rows and columns; `None` if it is no terminal.
pub(crate) fn window_of(terminal: BorrowedFd<'_>) -> Option<(u16, u16)> {
    tcgetwinsize(terminal).ok().map(|size| (size.ws_row, size.ws_col))
}
