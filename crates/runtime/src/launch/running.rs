//! A started process.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use plimsoll_model::Signal;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{WaitId, WaitIdOptions, pidfd_send_signal, waitid};

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

/// A started process (of `launch`: PID 1 of its namespace), held by pidfd. Dropping it neither
/// stops nor waits for the process.
#[derive(Debug)]
pub struct Running {
    /// Pid as this process sees it.
    pub pid: u32,
    /// Descriptor of the process.
    pub pidfd: OwnedFd,
    /// Our end of the pseudo-terminal, if the specification asked for one.
    pub terminal: Option<OwnedFd>,
}

impl Running {
    /// Send a signal. A process that has ended already is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        // rustix has no constructor for real-time signals that the C library does not use itself.
        match plimsoll_sys::process::send_signal(self.pidfd.as_fd(), signal.number()) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::SRCH) => Ok(()),
            result => result,
        }
    }

    /// Wait for the end, at most this long (`None`: for ever). `Ok(None)`: still running. The first
    /// call that sees the end reaps the process; later ones fail.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<Option<Exit>> {
        if !self.wait_readable(limit)? {
            return Ok(None);
        }
        let status = loop {
            match waitid(WaitId::PidFd(self.pidfd.as_fd()), WaitIdOptions::EXITED) {
                Err(Errno::INTR) => continue,
                result => break result?,
            }
        };
        let Some(status) = status else { return Ok(None) };
        let signal = status.terminating_signal().and_then(Signal::new);
        Ok(Some(signal.map_or_else(|| Exit::Code(status.exit_status().unwrap_or(255)), Exit::Signal)))
    }

    /// A pidfd is readable when the process has ended.
    fn wait_readable(&self, limit: Option<Duration>) -> io::Result<bool> {
        let end = limit.map(|limit| Instant::now() + limit);
        loop {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            let left = left.map(|left| Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
            match poll(&mut fds, left.as_ref()) {
                Err(Errno::INTR) => continue,
                result => return Ok(result? > 0),
            }
        }
    }

    /// End it whatever it is doing.
    pub(super) fn kill_and_reap(&self) {
        let _ = pidfd_send_signal(&self.pidfd, rustix::process::Signal::KILL);
        let _ = self.wait(None);
    }
}
