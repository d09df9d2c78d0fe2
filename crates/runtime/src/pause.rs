//! Letting a container stand still, and go on.

use std::io;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use crate::cgroup::{Cgroup, CgroupError};
use crate::container::{Container, ContainerError, Run, Standstill, State};
use crate::observe::{members, namespace};
use crate::process_id::{ProcessId, parse_stat};

/// How often all processes are looked for that still run, and the pause after each time: 2 s.
const ROUNDS: u32 = 400;
const PAUSE: Duration = Duration::from_millis(5);

impl Container {
    /// Let all its processes stand still: by the freezer of its control group, or, where it has none, by
    /// SIGSTOP to each of them. Must be called as the user who started it, in no other user namespace.
    pub fn pause(&self) -> Result<(), ContainerError> {
        let name = || self.name().to_string();
        let run = match self.state()? {
            State::Running { paused: true, .. } => {
                return Err(ContainerError::AlreadyPaused { name: name() });
            }
            State::Running { run, .. } => run,
            other => return Err(ContainerError::NotRunning { name: name(), state: other.word().into() }),
        };
        // Noted first: a container that stands still and does not say so could not be woken.
        self.directory().write_paused(run.number, Standstill::Frozen)?;
        let still = match Cgroup::open(&run.cgroups).freeze() {
            Err(CgroupError::NoFreezer) => self
                .directory()
                .write_paused(run.number, Standstill::Stopped)
                .and_then(|()| stop_all(run.process).map_err(ContainerError::doing("stop all processes"))),
            frozen => frozen.map_err(ContainerError::from),
        };
        still.inspect_err(|_| {
            // The first error is the one to tell.
            let _ = self.wake(&run);
        })
    }

    /// Let them go on. Processes that had stopped themselves before a pause by SIGSTOP go on as well.
    pub fn unpause(&self) -> Result<(), ContainerError> {
        let run = self.running()?;
        match self.directory().paused(run.number) {
            Some(_) => self.wake(&run),
            None => Err(ContainerError::NotPaused { name: self.name().to_string() }),
        }
    }

    /// Let what was paused go on, so that a signal reaches it: the first thing it does is to take that.
    pub(crate) fn wake(&self, run: &Run) -> Result<(), ContainerError> {
        match self.directory().paused(run.number) {
            Some(Standstill::Frozen) => match Cgroup::open(&run.cgroups).thaw() {
                // Version 2 lets go of what was killed, and then the group may be gone, too.
                Err(_) if !run.process.is_alive() => {}
                thawed => thawed?,
            },
            Some(Standstill::Stopped) => {
                let all = members(run.process.pid).unwrap_or_default();
                all.into_iter().for_each(|pid| signal(pid, run.process, Signal::CONT));
            }
            None => return Ok(()),
        }
        self.directory().remove_paused()
    }
}

/// Stop what runs until nothing does: a process that has not been stopped may start another one.
fn stop_all(first: ProcessId) -> io::Result<()> {
    for _ in 0..ROUNDS {
        let running: Vec<u32> = members(first.pid)?.into_iter().filter(|pid| runs(*pid)).collect();
        if running.is_empty() {
            return Ok(());
        }
        running.into_iter().for_each(|pid| signal(pid, first, Signal::STOP));
        std::thread::sleep(PAUSE);
    }
    Err(io::Error::other("some of them do not stop; one may wait for a device"))
}

fn runs(pid: u32) -> bool {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let stat = parse_stat(&String::from_utf8_lossy(&stat));
    stat.is_some_and(|stat| !matches!(stat.state, 'T' | 't' | 'Z' | 'X'))
}

/// Send a signal to a process of the container, and to no other that has got its pid meanwhile.
fn signal(pid: u32, first: ProcessId, signal: Signal) {
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(Ok(pidfd)) = id.map(|id| pidfd_open(id, PidfdFlags::empty())) else { return };
    let same = |kind| matches!((namespace(pid, kind), namespace(first.pid, kind)), (Ok(a), Ok(b)) if a == b);
    if same("pid") && first.is_alive() {
        let _ = pidfd_send_signal(&pidfd, signal);
    }
}
