//! The caller's terminal while a program in a container uses it: every key goes there as it is.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::termios::{OptionalActions, Termios, Winsize, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize};

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
pub(super) fn window_of(terminal: BorrowedFd<'_>) -> Option<(u16, u16)> {
    tcgetwinsize(terminal).ok().map(|size| (size.ws_row, size.ws_col))
}

/// Give a terminal so many rows and columns.
pub(crate) fn set_window(terminal: BorrowedFd<'_>, (rows, columns): (u16, u16)) -> io::Result<()> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(terminal, size)?)
}
