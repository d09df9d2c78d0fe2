//! Signals to a running container, stopping it, and waiting for its end.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use plimsoll_model::Signal;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};

use crate::cgroup::Cgroup;
use crate::container::wire;
use crate::container::{Container, ContainerError, End, Ended, Run, State};
use crate::events::EventLog;
use crate::fd_message;
use crate::launch::Exit;
use crate::monitor::Ask;
use crate::process_id::wait_for_end;

/// After SIGKILL the kernel is done within this time, or never.
const KILLED: Duration = Duration::from_secs(10);

/// A monitor that was told to leave its container alone ends within this time, one that starts it has done so.
const MOMENT: Duration = Duration::from_secs(2);

/// How long a container may take to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grace {
    /// As long as it was given when it was created.
    Own,
    /// So long.
    Given(Duration),
    /// As long as it wants.
    Endless,
}

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

/// Nobody starts the container as long as this lives.
#[derive(Debug)]
pub struct Idle {
    _lock: File,
}

impl Container {
    /// Send a signal to its PID 1 (`kill`). Must be called as the user who started it, outside any
    /// other user namespace.
    pub fn kill(&self, signal: Signal) -> Result<(), ContainerError> {
        let run = self.running()?;
        let not_running =
            || ContainerError::NotRunning { name: self.name().to_string(), state: "exited".into() };
        let pidfd = run.process.open().ok_or_else(not_running)?;
        if signal == Signal::KILL || signal == self.record().spec.stop.signal {
            // Meant to end it, so it is not to be started again (docker's rule).
            self.ask_monitor(Ask::Stop);
        }
        self.tell_kill(signal);
        send(&pidfd, signal)?;
        self.wake(&run)
    }

    fn tell_kill(&self, signal: Signal) {
        EventLog::around(self).add_of(self, "kill", &[("signal", signal.number().to_string())]);
    }

    /// Ask it to stop as its image wants to be asked, and kill it when the grace time is over (`None`:
    /// never). A container that does not run has nothing to stop; one that waits to be started again is
    /// left alone from now on.
    pub fn stop(&self, signal: Option<Signal>, grace: Grace) -> Result<Option<Stopped>, ContainerError> {
        let rule = self.record().spec.stop;
        let grace = match grace {
            Grace::Own => Some(rule.grace),
            Grace::Given(grace) => Some(grace),
            Grace::Endless => None,
        };
        match self.state()? {
            State::Running { run, .. } => {
                let stopped = self.end(&run, signal.unwrap_or(rule.signal), grace)?;
                EventLog::around(self).add_of(self, "stop", &[]);
                Ok(Some(stopped))
            }
            State::Restarting { run, .. } => self.leave_alone(&run).map(|()| None),
            _ => Ok(None),
        }
    }

    /// Nothing starts it again: its monitor, which was waiting to do so, ends.
    fn leave_alone(&self, run: &Run) -> Result<(), ContainerError> {
        self.ask_monitor(Ask::Stop);
        match run.monitor.open() {
            // Between two starts it may have started once more.
            Some(monitor) if !wait_for_end(&monitor, Some(MOMENT)) => self.end_now().map(drop),
            _ => Ok(()),
        }
    }

    /// Kill it at once and wait until it is gone: the first half of a forced removal. A container
    /// that does not run has ended already; one that is just being started is waited for. `None` if
    /// it has removed itself by its end.
    pub fn end_now(&self) -> Result<Option<Idle>, ContainerError> {
        match self.end_and_lock() {
            Ok(idle) => Ok(Some(idle)),
            Err(_) if !self.path().exists() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn end_and_lock(&self) -> Result<Idle, ContainerError> {
        let end = Instant::now() + KILLED;
        while Instant::now() < end {
            match self.state()? {
                State::Running { run, .. } => drop(self.end(&run, Signal::KILL, Some(Duration::ZERO))?),
                State::Restarting { run, .. } => self.leave_alone(&run)?,
                _ => {}
            }
            if let Some(idle) = self.lock_idle()? {
                return Ok(idle);
            }
            self.end_lingering_monitor()?;
        }
        Err(ContainerError::BeingStarted { name: self.name().to_string() })
    }

    /// A monitor whose container has ended may never come to its own end: whoever was to read the rest
    /// of the output does not.
    fn end_lingering_monitor(&self) -> Result<(), ContainerError> {
        let State::Exited { run, .. } = self.state()? else { return Ok(()) };
        match run.monitor.open() {
            Some(monitor) => send(&monitor, Signal::KILL),
            None => Ok(()),
        }
    }

    /// Keep everybody from starting it; `None` if it is active. A monitor that has just begun, or is about
    /// to end, is waited for.
    pub(crate) fn lock_idle(&self) -> Result<Option<Idle>, ContainerError> {
        let end = Instant::now() + MOMENT;
        loop {
            let lock = match self.directory().lock_for_monitor() {
                Err(_) if !self.path().exists() => {
                    return Err(ContainerError::NotFound { key: self.name().to_string() });
                }
                lock => lock?,
            };
            // Looked at after the lock was tried: it may have been started meanwhile, and lost its monitor.
            let is_active = self.state()?.is_active();
            match lock {
                Some(lock) => return Ok((!is_active).then_some(Idle { _lock: lock })),
                None if is_active || Instant::now() >= end => return Ok(None),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn end(&self, run: &Run, signal: Signal, grace: Option<Duration>) -> Result<Stopped, ContainerError> {
        self.ask_monitor(Ask::Stop);
        let begin = Instant::now();
        let pidfd = run.process.open();
        let mut killed = false;
        if let Some(pidfd) = &pidfd {
            self.tell_kill(signal);
            send(pidfd, signal)?;
            self.wake(run)?;
            if !wait_for_end(pidfd, grace) {
                self.tell_kill(Signal::KILL);
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
            State::Exited { ended, .. } | State::Restarting { ended, .. } => Ok(Waited::Ended(ended)),
            State::Lost { .. } => Ok(Waited::Unknown),
            State::Created | State::NotStarted { .. } => {
                Err(ContainerError::NotRunning { name: self.name().to_string(), state: "created".into() })
            }
        }
    }

    /// Wait for the end and what is known about it: from the monitor, or in place of a killed monitor
    /// from the kernel, if that tells somebody who is not the parent (Linux 6.15).
    fn last_words(&self, run: &Run, process: Option<&OwnedFd>) -> Result<Waited, ContainerError> {
        if let Some(ended) = self.ask_monitor(Ask::Wait).and_then(|answer| wire::read_ended(&answer).ok()) {
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
        let cgroup = Cgroup::open(&run.cgroups);
        let oom_killed = cgroup.oom_kills() > 0;
        // What cannot be removed now is swept up later.
        let _ = cgroup.remove();
        let Some(exit) = process.and_then(told_by_the_kernel) else { return Ok(Waited::Unknown) };
        let how = End::Exit(exit);
        let ended = Ended { run: run.number, at: Timestamp::now(), how, oom_killed, restart_at: None };
        self.directory().write_ended(&ended)?;
        Ok(Waited::Ended(ended))
    }

    /// Ask the monitor and wait for its answer; `None` if there is no monitor or it was killed.
    fn ask_monitor(&self, ask: Ask) -> Option<Vec<u8>> {
        let socket = self.connect_to_monitor()?;
        fd_message::send(&socket, ask.message(), &[]).ok()?;
        let (answer, _) = fd_message::receive(&socket).ok()?;
        Some(answer).filter(|answer| !answer.is_empty())
    }

    /// A line to the monitor; `None` if there is none.
    pub(crate) fn connect_to_monitor(&self) -> Option<OwnedFd> {
        let (_directory, address) = self.directory().control_address().ok()?;
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).ok()?;
        let address = SocketAddrUnix::new(address).ok()?;
        loop {
            match connect(&socket, &address) {
                Ok(()) => return Some(socket),
                Err(Errno::INTR) => continue,
                Err(_) => return None,
            }
        }
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
