//! Signals to a running container, stopping it, and waiting for its end.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::Signal;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::container::wire;
use crate::container::{Container, ContainerError, End, Ended, Run, State};
use crate::fd_message;
use crate::launch::Exit;
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
        let pidfd = run.process.open();
        let mut killed = false;
        if let Some(pidfd) = &pidfd {
            send(pidfd, signal)?;
            if !wait_for_end(pidfd, Some(grace)) {
                send(pidfd, Signal::KILL)?;
                killed = signal != Signal::KILL;
                if !wait_for_end(pidfd, Some(KILLED)) {
                    let source = std::io::Error::other("it is still there after SIGKILL");
                    return Err(ContainerError::doing("end the container's process")(source));
                }
            }
        }
        let took = begin.elapsed();
        self.last_words(run, pidfd.as_ref())?;
        Ok(Stopped { took, killed })
    }

    /// Wait until it has ended.
    pub fn wait(&self) -> Result<Waited, ContainerError> {
        match self.state()? {
            State::Running { run, .. } => self.last_words(&run, run.process.open().as_ref()),
            State::Exited(ended) => Ok(Waited::Ended(ended)),
            State::Lost { .. } => Ok(Waited::Unknown),
            State::Created | State::NotStarted { .. } => {
                Err(ContainerError::NotRunning { name: self.name().to_string(), state: "created".into() })
            }
        }
    }

    /// Wait for the end and what is known about it: from the monitor, or in place of a killed monitor
    /// from the kernel, if that tells somebody who is not the parent (Linux 6.15).
    fn last_words(&self, run: &Run, process: Option<&OwnedFd>) -> Result<Waited, ContainerError> {
        if let Some(ended) = self.ask_monitor() {
            return Ok(Waited::Ended(ended));
        }
        // There is no monitor, or it is about to go: then it has written the end down.
        for pidfd in process.into_iter().chain(run.monitor.open().as_ref()) {
            wait_for_end(pidfd, None);
        }
        if !self.path().is_dir() {
            return Ok(Waited::Unknown);
        }
        if let Some(ended) = self.directory().ended()? {
            return Ok(Waited::Ended(ended));
        }
        let Some(exit) = process.and_then(told_by_the_kernel) else { return Ok(Waited::Unknown) };
        let ended = Ended { at: Timestamp::now(), how: End::Exit(exit) };
        self.directory().write_ended(&ended)?;
        Ok(Waited::Ended(ended))
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

/// How a process that is not our child has ended; known a moment after its end, when its new parent
/// has taken note of it.
fn told_by_the_kernel(pidfd: &OwnedFd) -> Option<Exit> {
    let mut tries = 0..50;
    let status = loop {
        match plimsoll_sys::exit_info::wait_status(pidfd) {
            Ok(Some(status)) => break status,
            _ => tries.next()?,
        };
        std::thread::sleep(Duration::from_millis(2));
    };
    // The form of wait(2): the signal in the low seven bits, the exit code above the eighth.
    match status & 0x7f {
        0 => Some(Exit::Code(status >> 8 & 0xff)),
        signal => Signal::new(signal).map(Exit::Signal),
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
