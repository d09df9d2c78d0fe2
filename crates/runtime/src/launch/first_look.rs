//! A launch that is looked at before its program does anything: what a process was really given is known
//! however short it lives.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use plimsoll_model::Signal;
use plimsoll_sys::process::send_signal;
use plimsoll_sys::trace::{self, Stop};

use super::{BeforeProgram, Exit, LaunchError, LaunchOptions, Looks, Running, Stdio, carry_out};
use crate::observe::{self, ContainerView, StartView};
use crate::plan::SandboxPlan;

/// A process that was looked at before it began.
#[derive(Debug)]
pub struct Started {
    /// The process.
    pub running: Running,
    /// What it was given; `None` where the kernel lets nobody trace a process, and behind the built-in init.
    pub view: Option<StartView>,
    /// When its program began.
    pub begun: Instant,
}

/// The same as [`launch_after`](super::launch_after); the process is looked at when its program is loaded.
pub fn launch_looking(
    plan: &SandboxPlan,
    stdio: Stdio,
    options: &LaunchOptions,
    before: BeforeProgram<'_>,
) -> Result<Started, LaunchError> {
    let running = carry_out(plan, stdio, options, before, Looks::AtStart)?;
    let view = look(&running);
    // Somebody else may have killed it meanwhile: then there is nothing to release.
    let _ = trace::release(running.pid);
    Ok(Started { running, view, begun: Instant::now() })
}

/// A process from its start to its end.
#[derive(Debug)]
pub struct Life {
    /// What it was given at the start, and each time it executed another program; empty where the kernel
    /// lets nobody trace a process.
    pub programs: Vec<StartView>,
    /// The processes of its container when it was about to end.
    pub last: Option<ContainerView>,
    /// How it ended.
    pub exit: Exit,
    /// From the start to the end.
    pub took: Duration,
}

/// The same, with all its programs up to its end, which comes after `limit` at the latest: then it is
/// killed. A process that is followed is stopped by every signal for a moment: nothing is to be timed here.
pub fn launch_following(
    plan: &SandboxPlan,
    stdio: Stdio,
    options: &LaunchOptions,
    limit: Duration,
) -> Result<Life, LaunchError> {
    let running = carry_out(plan, stdio, options, &mut |_| Ok(()), Looks::AtStart)?;
    let failed = |error: std::io::Error| LaunchError::Clone { why: error.to_string() };
    let begun = Instant::now();
    let mut life = Life {
        programs: look(&running).into_iter().collect(),
        last: None,
        exit: Exit::Code(0),
        took: Duration::ZERO,
    };
    let _deadline = Deadline::of(&running.pidfd, limit).map_err(failed)?;
    if !life.programs.is_empty() && trace::follow(running.pid).is_ok() {
        follow(&running, &mut life);
    }
    let exit = running.wait(None).map_err(failed)?;
    life.took = begun.elapsed();
    life.exit = exit.unwrap_or(life.exit);
    Ok(life)
}

/// Every call may find it killed; then its end is next.
fn follow(running: &Running, life: &mut Life) {
    let _ = trace::go_on(running.pid, 0);
    while let Ok(stop) = trace::wait(running.pidfd.as_fd()) {
        let mut signal = 0;
        match stop {
            Stop::Ended => return,
            Stop::Loaded => life.programs.extend(observe::start_view(running.pid).ok()),
            Stop::Ending => life.last = observe::view(running.pid).ok(),
            Stop::Signal(number) => signal = number,
        }
        let _ = trace::go_on(running.pid, signal);
    }
}

fn look(running: &Running) -> Option<StartView> {
    observe::is_traced(running.pid).then(|| observe::start_view(running.pid).ok()).flatten()
}

/// Kills a process when its time is over.
struct Deadline {
    /// Dropped with it: the waiting thread ends.
    _in_time: mpsc::Sender<()>,
}

impl Deadline {
    fn of(pidfd: &OwnedFd, limit: Duration) -> std::io::Result<Self> {
        let pidfd = pidfd.try_clone()?;
        let (in_time, over) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if over.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                // One that has ended by itself needs no signal.
                let _ = send_signal(pidfd.as_fd(), Signal::KILL.number());
            }
        });
        Ok(Deadline { _in_time: in_time })
    }
}
