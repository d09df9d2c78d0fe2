//! With one mapped id every file on disk belongs to one owner, and the kernel knows no other user. Here
//! the calls that need more are answered in its place: the sandbox hands them over (seccomp user
//! notification), whose a file is gets recorded, and the layer that is made afterwards says so.
//!
//! Everything about a call is hostile: arguments, memory, paths, and the caller's death at any moment. Nothing
//! is done for a caller that its own rights over the one id would not allow, and what is recorded can only
//! change owners in the layer of this very container. docs/design/0005-owners-with-one-id.md

mod caller;
mod creation_calls;
mod credential_marks;
mod credentials;
mod id_calls;
mod ledger;
mod owner_calls;
mod rename_calls;
mod stat_calls;
mod supervisor;

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use plimsoll_sys::file_handle::OwnerRecords;
use plimsoll_sys::process;
use plimsoll_sys::root_dir::RootDir;
use plimsoll_sys::seccomp::Listener;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

pub(crate) use caller::{Caller, PathArgument, WORKING_DIRECTORY, name_of};
pub use ledger::OwnersBelow;

use credential_marks::CredentialMarks;
use credentials::Credentials;
use ledger::Ledger;
use supervisor::Supervisor;

/// Answers for one container, from the moment it hands calls over until it is gone.
#[derive(Debug)]
pub struct Recorder {
    upper: PathBuf,
    below: Arc<dyn OwnersBelow>,
    groups: Vec<u32>,
    work: Mutex<Option<Work>>,
}

#[derive(Debug)]
struct Work {
    /// Closed when the container is gone.
    stop: io::PipeWriter,
    thread: JoinHandle<OwnerRecords>,
}

impl Recorder {
    /// A recorder for the container whose root file system writes to `upper`. Its first process is root with
    /// these supplementary groups.
    pub fn new(upper: PathBuf, below: Arc<dyn OwnersBelow>, groups: Vec<u32>) -> Arc<Recorder> {
        Arc::new(Recorder { upper, below, groups, work: Mutex::new(None) })
    }

    /// Begin to answer, in a thread: the process behind the listener waits already.
    pub(crate) fn attend(&self, listener: OwnedFd, pid: u32) -> Result<(), &'static str> {
        let work = self.start(listener, pid).map_err(
            |_| "its calls about owners cannot be answered: /proc is not there, or threads are used up",
        )?;
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
        Ok(())
    }

    fn start(&self, listener: OwnedFd, pid: u32) -> io::Result<Work> {
        let listener = Listener::new(listener)?;
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let root = rustix::fs::openat(CWD, format!("/proc/{pid}/root"), flags, Mode::empty())?;
        let ledger = Ledger::new(RootDir::open(&self.upper)?, &root, self.below.clone())?;
        let initial = Credentials { groups: self.groups.clone(), ..Credentials::default() };
        let mut supervisor = Supervisor::new(listener, ledger, CredentialMarks::new(initial));
        let (stopped, stop) = io::pipe()?;
        let thread = std::thread::Builder::new().name("owners".to_string()).spawn(move || {
            // Without it what is made has fewer mode bits than it should have; better than no answer.
            let _ = process::unmask_thread();
            while wait_for_call(&supervisor.listener, &stopped) && supervisor.answer_next().is_ok() {}
            supervisor.into_records()
        })?;
        Ok(Work { stop, thread })
    }

    /// End when the container is gone, and hand out what was recorded.
    pub fn finish(&self) -> OwnerRecords {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Work { stop, thread }) = work else { return OwnerRecords::new() };
        drop(stop);
        thread.join().unwrap_or_default()
    }
}

/// Block until a call waits; `false` when none can come any more.
pub(crate) fn wait_for_call(listener: &Listener, stopped: &io::PipeReader) -> bool {
    loop {
        let listener = listener.as_fd();
        let mut fds = [PollFd::new(&listener, PollFlags::IN), PollFd::new(stopped, PollFlags::empty())];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => continue,
            Err(_) => return false,
            Ok(_) if fds[0].revents().contains(PollFlags::IN) => return true,
            Ok(_) => return false,
        }
    }
}
