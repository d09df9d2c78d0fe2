//! A look at what a container's processes ask the kernel for, and what it refuses them: works as root and
//! as an ordinary user, without a tracer, without eBPF.
//!
//! The container's filter shows calls to a thread of ours (seccomp user notification) before they are carried
//! out. The thread lets the kernel carry out each of them, and works out from the descriptors that the
//! arguments lead to and from the caller's rights whether it will be refused. Nothing is ever allowed or
//! forbidden by what is found out: a caller that changes its arguments meanwhile deceives a report, no more.
//! Calls of 32-bit programs on a 64-bit machine are left to the kernel unseen.

mod rights;
mod seen;
mod watcher;

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use plimsoll_sys::seccomp::Listener;

use crate::ownership::wait_for_call;
use crate::plan::{SandboxPlan, Step};
use crate::seccomp::{KnownProfile, Watched};
use watcher::{Circumstances, Watcher};

pub use seen::{Refusal, Seen, Subject};

/// Looks on while one container runs.
#[derive(Debug, Default)]
pub struct CallWatch {
    work: Mutex<Option<Work>>,
}

#[derive(Debug)]
struct Work {
    /// Closed when the container is gone.
    stop: io::PipeWriter,
    thread: JoinHandle<Seen>,
}

impl CallWatch {
    /// A watch that has not begun.
    pub fn new() -> Arc<CallWatch> {
        Arc::default()
    }

    /// Begin, in a thread: the process behind the listener waits already.
    pub(crate) fn attend(&self, listener: OwnedFd, plan: &SandboxPlan) -> Result<(), &'static str> {
        let work =
            self.start(listener, plan).map_err(|_| "its calls cannot be looked at: threads are used up")?;
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
        Ok(())
    }

    fn start(&self, listener: OwnedFd, plan: &SandboxPlan) -> io::Result<Work> {
        let mut watcher = Watcher::new(Listener::new(listener)?, circumstances(plan));
        let (stopped, stop) = io::pipe()?;
        let thread = std::thread::Builder::new().name("calls".to_string()).spawn(move || {
            while wait_for_call(&watcher.listener, &stopped) && watcher.take_next().is_ok() {}
            watcher.into_seen()
        })?;
        Ok(Work { stop, thread })
    }

    /// End when the container is gone, and hand out what was seen.
    pub fn finish(&self) -> Seen {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Work { stop, thread }) = work else { return Seen::default() };
        drop(stop);
        thread.join().unwrap_or_default()
    }
}

/// What a plan says about the process that is looked at.
fn circumstances(plan: &SandboxPlan) -> Circumstances {
    let mut known = Circumstances {
        profile: KnownProfile::new(0, false),
        watched: Watched::Refusable,
        // Without the setting the kernel's own.
        first_free_port: 1024,
        only_ids: None,
    };
    for step in &plan.steps {
        match step {
            Step::WatchedFilter { capabilities, guard_terminal, watched } => {
                known.profile = KnownProfile::new(*capabilities, *guard_terminal);
                known.watched = *watched;
            }
            Step::Sysctl { name, value, .. } if name == "net.ipv4.ip_unprivileged_port_start" => {
                known.first_free_port = value.trim().parse().unwrap_or(1024);
            }
            Step::MapUser { uid, gid } => known.only_ids = Some((*uid, *gid)),
            _ => {}
        }
    }
    known
}
