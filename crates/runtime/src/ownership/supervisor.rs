//! One waiting call after the other: what it is, who answers, the answer.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use plimsoll_sys::file_handle::OwnerRecords;
use plimsoll_sys::seccomp::{Answer, Listener, Notification};
use rustix::io::Errno;

use super::caller::{Caller, PathArgument, WORKING_DIRECTORY};
use super::credential_marks::CredentialMarks;
use super::ledger::{Ledger, Node};
use crate::seccomp::{Arch, HandedOver};

/// What one container's calls are answered with.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) listener: Listener,
    pub(super) ledger: Ledger,
    pub(super) marks: CredentialMarks,
    /// The calls that are handed over, by number.
    calls: Vec<(u32, HandedOver)>,
}

/// How a call ends.
#[derive(Debug)]
pub(super) enum Outcome {
    /// As the kernel would have it.
    Continue,
    /// It returns this.
    Value(i64),
    /// It fails.
    Error(Errno),
    /// It returns a descriptor, open already.
    Opened { fd: OwnedFd, close_on_exec: bool },
}

/// What a call comes to. An error is one of ours, not the caller's: the kernel then answers, with its own.
pub(super) type Answered = io::Result<Outcome>;

/// One waiting call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) caller: Caller,
    arguments: [u64; 6],
}

impl Call {
    pub(super) fn pointer(&self, at: usize) -> u64 {
        self.arguments[at]
    }

    /// A 32-bit argument: the kernel ignores the upper half of the register.
    pub(super) fn number(&self, at: usize) -> u32 {
        self.arguments[at] as u32
    }

    /// A descriptor or `AT_FDCWD`.
    pub(super) fn descriptor(&self, at: usize) -> i32 {
        self.number(at) as i32
    }

    /// The path at an argument, relative to the directory at another one.
    pub(super) fn path_at(&self, directory: usize, path: usize) -> io::Result<PathArgument> {
        let path = self.caller.path(self.pointer(path))?;
        Ok(PathArgument { directory: self.descriptor(directory), path })
    }

    /// The path at an argument, relative to the working directory.
    pub(super) fn path(&self, path: usize) -> io::Result<PathArgument> {
        Ok(PathArgument { directory: WORKING_DIRECTORY, path: self.caller.path(self.pointer(path))? })
    }

    /// What a path argument leads to; with `AT_EMPTY_PATH`, what an empty one's descriptor names.
    pub(super) fn resolve_at(&self, directory: usize, path: usize, flags: u32) -> io::Result<OwnedFd> {
        const SYMLINK_NOFOLLOW: u32 = 0x100;
        const EMPTY_PATH: u32 = 0x1000;
        // Linux 6.11 takes a null pointer for an empty path.
        let null = flags & EMPTY_PATH != 0 && self.pointer(path) == 0;
        let path = if null { Vec::new() } else { self.caller.path(self.pointer(path))? };
        let directory = self.descriptor(directory);
        match path.is_empty() {
            true if flags & EMPTY_PATH == 0 => Err(Errno::NOENT.into()),
            true if directory != WORKING_DIRECTORY => self.caller.descriptor(directory),
            _ => self.caller.resolve(&PathArgument { directory, path }, flags & SYMLINK_NOFOLLOW == 0),
        }
    }
}

impl Supervisor {
    pub(super) fn new(listener: Listener, ledger: Ledger, marks: CredentialMarks) -> Self {
        Supervisor { listener, ledger, marks, calls: HandedOver::numbers(Arch::native()) }
    }

    pub(super) fn into_records(self) -> OwnerRecords {
        self.ledger.into_records()
    }

    /// Take one call and answer it. An error: no call can be answered any more.
    pub(super) fn answer_next(&mut self) -> io::Result<()> {
        let Some(notification) = self.listener.receive()? else { return Ok(()) };
        let Notification { id, thread, arguments, .. } = notification;
        let call = Call { id, caller: Caller { thread }, arguments };
        match self.outcome(&notification, &call).unwrap_or(Outcome::Continue) {
            Outcome::Continue => self.listener.answer(id, Answer::Continue),
            Outcome::Value(value) => self.listener.answer(id, Answer::Value(value)),
            Outcome::Error(errno) => self.listener.answer(id, Answer::Error(errno)),
            Outcome::Opened { fd, close_on_exec } => {
                let given = self.listener.give_descriptor(id, fd.as_fd(), close_on_exec);
                // It fails where the caller has no number left for it.
                self.listener.answer(id, given.map_or(Answer::Error(Errno::MFILE), Answer::Value))
            }
        }
    }

    fn outcome(&mut self, notification: &Notification, call: &Call) -> Answered {
        let number = u32::try_from(notification.number).unwrap_or(u32::MAX);
        let known = self.calls.binary_search_by_key(&number, |(number, _)| *number);
        let Ok(at) = known else { return Ok(Outcome::Continue) };
        use HandedOver as H;
        match self.calls[at].1 {
            which @ (H::Chown | H::Lchown | H::Fchown | H::Fchownat) => self.change_owner(which, call),
            which @ (H::Stat | H::Lstat | H::Fstat | H::Newfstatat | H::Statx) => self.stat(which, call),
            which @ (H::Open | H::Openat | H::Creat | H::Mkdir | H::Mkdirat) => self.create(which, call),
            which @ (H::Symlink | H::Symlinkat | H::Mknod | H::Mknodat) => self.create(which, call),
            which @ (H::Rename | H::Renameat | H::Renameat2 | H::Link | H::Linkat) => {
                self.keep_owner_under_new_name(which, call)
            }
            H::Prctl => self.keep_capabilities(call),
            which @ (H::Execve | H::Execveat) => self.execute(which, call),
            which => self.id_call(which, call),
        }
    }

    /// A node of the caller's, of which it is now certain that it is the caller's: while the call waits, the
    /// number of its thread is nobody else's.
    pub(super) fn node(&self, call: &Call, fd: OwnedFd) -> io::Result<Node> {
        match self.listener.is_waiting(call.id) {
            true => Node::of(fd),
            false => Err(Errno::SRCH.into()),
        }
    }

    /// Write results to the caller's memory.
    pub(super) fn write(&self, call: &Call, results: &[(u64, &[u8])]) -> io::Result<Result<(), Errno>> {
        let memory = call.caller.memory()?;
        if !self.listener.is_waiting(call.id) {
            return Err(Errno::SRCH.into());
        }
        Ok(results.iter().try_for_each(|(address, bytes)| memory.write(*address, bytes)))
    }
}
