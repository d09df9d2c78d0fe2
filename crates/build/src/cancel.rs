//! Ending the steps of other stages when one has failed.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use plimsoll_runtime::launch::Running;
use rustix::process::{Signal, pidfd_send_signal};

/// Whether the build has been given up, and the processes that then must go.
#[derive(Debug, Default)]
pub(crate) struct Cancel {
    given_up: AtomicBool,
    running: Mutex<Vec<(u32, OwnedFd)>>,
}

impl Cancel {
    /// No step begins any more, and running ones are killed.
    pub(crate) fn give_up(&self) {
        self.given_up.store(true, Ordering::SeqCst);
        self.kill_all();
    }

    /// Whether the build has been given up.
    pub(crate) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::SeqCst)
    }

    /// Kill this process too when the build is given up, until it is [`Cancel::forget`]ten.
    pub(crate) fn watch(&self, process: &Running) -> std::io::Result<()> {
        let pidfd = process.pidfd.as_fd().try_clone_to_owned()?;
        self.processes().push((process.pid, pidfd));
        if self.is_given_up() {
            self.kill_all();
        }
        Ok(())
    }

    /// The process has ended.
    pub(crate) fn forget(&self, process: &Running) {
        self.processes().retain(|(pid, _)| *pid != process.pid);
    }

    fn kill_all(&self) {
        for (_, pidfd) in self.processes().iter() {
            // One that has ended already is no error.
            let _ = pidfd_send_signal(pidfd, Signal::KILL);
        }
    }

    fn processes(&self) -> std::sync::MutexGuard<'_, Vec<(u32, OwnedFd)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
