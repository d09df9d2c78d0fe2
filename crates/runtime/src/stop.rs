//! Signals to a running container, stopping it, and waiting for its end.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use plimsoll_model::Signal;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::container::wire;
use crate::container::{Container, ContainerError, Ended, Run, State};
use crate::fd_message;
use crate::process_id::wait_for_end;

/// After SIGKILL the kernel is done within this time, or never.
const KILLED: Duration = Duration::from_secs(10);

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// From the signal to the end.
    pub took: Duration,
    /// The grace time ran out and SIGKILL was sent.
    pub killed: bool,
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// The end as the monitor saw it.
    Ended(Ended),
    /// It has ended, and no monitor saw how.
    Unknown,
}

impl Waited {
    /// The exit code, if it is known.
    pub fn code(&self) -> Option<i32> {
        match self {
            Waited::Ended(ended) => Some(ended.how.code()),
            Waited::Unknown => None,
        }
    }
}

impl Container {
    /// Send a signal to its PID 1 (`kill`). Must be called as the user who started it, outside any
    /// other user namespace.
    pub fn kill(&self, signal: Signal) -> Result<(), ContainerError> {
        let run = self.running()?;
        let not_running =
            || ContainerError::NotRunning { name: self.name().to_string(), state: "exited".into() };
        let pidfd = run.process.open().ok_or_else(not_running)?;
        send(&pidfd, signal)
    }

    /// Ask it to stop as its image wants to be asked, and kill it when the grace time is over. A
    /// container that does not run has nothing to stop.
    pub fn stop(&self, grace: Option<Duration>) -> Result<Option<Stopped>, ContainerError> {
        let State::Running { run, .. } = self.state()? else { return Ok(None) };
        let rule = self.record().spec.stop;
        self.end(&run, rule.signal, grace.unwrap_or(rule.grace)).map(Some)
    }

    /// Kill it at once and wait until it is gone: the first half of a forced removal. A container
    /// that does not run is gone already.
    pub fn end_now(&self) -> Result<(), ContainerError> {
        match self.state()? {
            State::Running { run, .. } => self.end(&run, Signal::KILL, Duration::ZERO).map(|_| ()),
            _ => Ok(()),
        }
    }

    fn end(&self, run: &Run, signal: Signal, grace: Duration) -> Result<Stopped, ContainerError> {
        let begin = Instant::now();
        let mut killed = false;
        // Without a process only the monitor's last words are missing.
        if let Some(pidfd) = run.process.open() {
            send(&pidfd, signal)?;
            if !wait_for_end(&pidfd, Some(grace)) {
                send(&pidfd, Signal::KILL)?;
                killed = signal != Signal::KILL;
                if !wait_for_end(&pidfd, Some(KILLED)) {
                    let source = std::io::Error::other("it is still there after SIGKILL");
                    return Err(ContainerError::doing("end the container's process")(source));
                }
            }
        }
        let took = begin.elapsed();
        self.wait()?;
        Ok(Stopped { took, killed })
    }

    /// Wait until it has ended.
    pub fn wait(&self) -> Result<Waited, ContainerError> {
        // The connection comes first: a monitor that ends after it, answers.
        let answer = self.ask_monitor();
        let state = self.state();
        if let Some(ended) = answer {
            return Ok(Waited::Ended(ended));
        }
        match state? {
            State::Running { run, .. } => {
                // There is no monitor (any more): what is left is to watch the process itself.
                if let Some(pidfd) = run.process.open() {
                    wait_for_end(&pidfd, None);
                }
                if let Some(monitor) = run.monitor.open() {
                    wait_for_end(&monitor, None);
                }
                Ok(self.directory().ended()?.map_or(Waited::Unknown, Waited::Ended))
            }
            State::Exited(ended) => Ok(Waited::Ended(ended)),
            State::Lost { .. } => Ok(Waited::Unknown),
            State::Created | State::NotStarted { .. } => {
                Err(ContainerError::NotRunning { name: self.name().to_string(), state: "created".into() })
            }
        }
    }

    /// Wait for the monitor's last words; `None` if there is no monitor or it was killed.
    fn ask_monitor(&self) -> Option<Ended> {
        let (_directory, address) = self.directory().control_address().ok()?;
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).ok()?;
        let address = SocketAddrUnix::new(address).ok()?;
        loop {
            match connect(&socket, &address) {
                Ok(()) => break,
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            }
        }
        let (answer, _) = fd_message::receive(&socket).ok()?;
        wire::read_ended(&answer).ok()
    }
}

/// Send a signal to exactly this process; one that has just ended needs none.
pub(crate) fn send(pidfd: &OwnedFd, signal: Signal) -> Result<(), ContainerError> {
    match plimsoll_sys::process::send_signal(pidfd.as_fd(), signal.number()) {
        Err(error) if Errno::from_io_error(&error) != Some(Errno::SRCH) => {
            Err(ContainerError::doing(&format!("send {signal} to the container's process"))(error))
        }
        _ => Ok(()),
    }
}
