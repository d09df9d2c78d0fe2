//! A new process between `clone` and `exec`: a list of prepared kernel operations, walked by one loop
//! that allocates nothing, takes no lock and cannot panic.
//!
//! The memory of the child is a copy of a parent that may have had threads: a lock held there stays
//! held here for ever, the allocator's included. So everything an operation needs (strings,
//! descriptors, the system call filter) is prepared in the parent. What the child has to say comes
//! back as a [`Report`] through a socket that closes by itself when the program is executed.

mod allocator;
mod descriptors;
mod execute;
mod files;
mod mounts;
mod network;
mod op;
mod program;
mod report;
mod rights;
mod target;

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

pub use allocator::WatchfulAllocator;
pub use op::{Fd, Op, Resource, SLOTS, Slot, TakenMount, TargetKind, Terminal};
pub use program::Exec;
pub use report::{Channel, DESCRIPTOR_FLAGS, Report};
pub use target::TargetPath;

use crate::signals;

/// The descriptor under which [`Op::ExecDescriptor`] passes the report channel on.
pub const INHERITED_CHANNEL: RawFd = 3;

/// Take over the channel that [`Op::ExecDescriptor`] passed on. Can be done once; an error if there is
/// none.
pub fn inherited_channel() -> io::Result<OwnedFd> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    // SAFETY: the number is only looked at. A descriptor that is not open answers EBADF.
    let is_open = unsafe { libc::fcntl(INHERITED_CHANNEL, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    if !is_open || TAKEN.swap(true, Ordering::Relaxed) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    // SAFETY: it is open, and only one owner is ever made of it, right after exec, when no other part
    // of the program has opened anything.
    Ok(unsafe { OwnedFd::from_raw_fd(INHERITED_CHANNEL) })
}

/// Operations in order, each with the number of the step it belongs to.
#[derive(Debug, Default)]
pub struct Program {
    ops: Vec<(u16, Op)>,
    /// Directory of the control group of version 2 the process is born into.
    cgroup: Option<OwnedFd>,
}

impl Program {
    /// Append an operation of a step.
    pub fn push(&mut self, step: usize, op: Op) {
        self.ops.push((u16::try_from(step).unwrap_or(u16::MAX), op));
    }

    /// Let the process be born into a control group of version 2. To move it there later takes the kernel
    /// until every processor has passed a quiet moment: 10 ms and more.
    pub fn born_into(&mut self, cgroup: OwnedFd) {
        self.cgroup = Some(cgroup);
    }
}

/// Descriptors 0, 1 and 2 of the new process.
pub type StdioFds<'a> = [BorrowedFd<'a>; 3];

/// A process that walks its program.
#[derive(Debug)]
pub struct Spawned {
    /// Its pid.
    pub pid: u32,
    /// Its descriptor.
    pub pidfd: OwnedFd,
}

static BETWEEN_CLONE_AND_EXEC: AtomicBool = AtomicBool::new(false);

/// Whether this process is such a child.
fn between_clone_and_exec() -> bool {
    BETWEEN_CLONE_AND_EXEC.load(Ordering::Relaxed)
}

/// Start a process that is in new namespaces (`CLONE_NEW*` flags) and walks the program. Its end of
/// the channel must be given in `channel`; the caller closes its copy afterwards.
pub fn spawn(
    program: &Program,
    namespaces: u32,
    stdio: Option<StdioFds<'_>>,
    channel: &OwnedFd,
) -> io::Result<Spawned> {
    let stdio = stdio.map(|fds| fds.map(|fd| fd.as_raw_fd()));
    let channel = channel.as_raw_fd();
    let mut pidfd: RawFd = -1;
    // Asked before the clone: looking it up takes one file here and one call a signal there.
    let ignored = signals::ignored();
    // Blocked before the clone: a handler of the parent must not run in the child, and a signal for
    // the child must not be lost between the clone and the exec.
    let blocked = signals::BlockAll::new()?;
    let cgroup = program.cgroup.as_ref().map(|directory| directory.as_raw_fd());
    let (pid, born) = clone_process(namespaces, cgroup, &mut pidfd);
    match pid {
        0 => {
            BETWEEN_CLONE_AND_EXEC.store(true, Ordering::Relaxed);
            execute::run(program, stdio, channel, born, ignored)
        }
        -1 => {
            let error = io::Error::last_os_error();
            drop(blocked);
            Err(error)
        }
        pid => {
            drop(blocked);
            // SAFETY: clone3 succeeded with CLONE_PIDFD, so it stored a new descriptor nobody else owns.
            let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Spawned { pid: pid as u32, pidfd })
        }
    }
}

/// How a process came to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Born {
    /// Where it belongs.
    InPlace,
    /// In the control group of its parent, because `clone` knows no other.
    Beside,
}

/// `CLONE_INTO_CGROUP` (linux/sched.h).
const CLONE_INTO_CGROUP: u64 = 1 << 33;

/// A copy of this process in new namespaces. `clone3` is tried first; where a filter answers ENOSYS (we
/// run in somebody's container), or is loaded by ourselves, `clone` does the same but for the control group.
fn clone_process(namespaces: u32, cgroup: Option<RawFd>, pidfd: &mut RawFd) -> (libc::c_long, Born) {
    let mut arguments = CloneArguments {
        flags: u64::from(namespaces) | libc::CLONE_PIDFD as u64,
        pidfd: ptr::from_mut(pidfd) as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArguments::default()
    };
    if let Some(cgroup) = cgroup {
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = cgroup as u64;
    }
    // SAFETY: the structure is laid out as clone3(2) demands and lives through the call; without
    // CLONE_VM the child has its own copy of the stack and returns here like a fork. In the child
    // only `execute::run` follows, which never returns.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone3, ptr::from_mut(&mut arguments), size_of::<CloneArguments>())
    };
    if pid != -1 || io::Error::last_os_error().raw_os_error() != Some(libc::ENOSYS) {
        return (pid, Born::InPlace);
    }
    let flags = libc::c_ulong::from(namespaces) | (libc::CLONE_PIDFD | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: as above; with a null stack the child goes on with a copy of ours. The order of arguments
    // (flags, stack, parent_tid, ...) is that of x86-64 and aarch64; with CLONE_PIDFD the descriptor is
    // stored in parent_tid's place.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, ptr::from_mut(pidfd), 0, 0) };
    (pid, if cgroup.is_some() { Born::Beside } else { Born::InPlace })
}

/// `struct clone_args`, version 2 (linux/sched.h).
#[repr(C)]
#[derive(Default)]
struct CloneArguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}
