//! A new process between `clone` and `exec`: a list of prepared kernel operations, walked by one loop
//! that allocates nothing, takes no lock and cannot panic.
//!
//! The memory of the child is a copy of a parent that may have had threads: a lock held there stays
//! held here for ever, the allocator's included. So everything an operation needs (strings,
//! descriptors, the system call filter) is prepared in the parent. What the child has to say comes
//! back as a [`Report`] through a socket that closes by itself when the program is executed.

mod allocator;
mod execute;
mod program;
mod report;
mod target;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use allocator::WatchfulAllocator;
pub use report::{Channel, Report};
pub use target::TargetPath;

use crate::seccomp::Instruction;
use crate::signals;

/// A place of the child in which an operation leaves a descriptor for later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub u8);

/// How many [`Slot`]s there are.
pub const SLOTS: usize = 8;

/// A descriptor an operation works on.
#[derive(Debug, Clone)]
pub enum Fd {
    /// Left by an earlier operation.
    Slot(Slot),
    /// Opened by the parent.
    Given(Arc<OwnedFd>),
    /// The current directory; with an absolute path: the root directory.
    Current,
}

/// What a mount point must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A directory.
    Directory,
    /// Anything but a directory.
    File,
}

/// A pseudo-terminal for the new process.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// The container's own `/dev`, with `pts` mounted.
    pub dev: Fd,
    /// Owner of the terminal.
    pub uid: u32,
    /// Mount it over the file `console` of that `/dev`, too.
    pub console: bool,
}

/// A program to execute.
#[derive(Debug)]
pub struct Exec {
    /// Paths to try in order.
    candidates: Vec<CString>,
    /// Argument vector.
    argv: CStringArray,
    /// Environment.
    envp: CStringArray,
}

impl Exec {
    /// Prepare an `execve`.
    pub fn new(candidates: Vec<CString>, argv: Vec<CString>, env: Vec<CString>) -> Self {
        Exec { candidates, argv: CStringArray::new(argv), envp: CStringArray::new(env) }
    }
}

/// One kernel operation with all it needs.
#[derive(Debug)]
pub enum Op {
    /// `setsid`: leave the caller's session and controlling terminal.
    Session,
    /// Become invisible to ptrace and `/proc/PID/exe` of other users (CVE-2019-5736).
    NotDumpable,
    /// Join namespaces of the process behind a pidfd (`CLONE_NEW*` flags).
    Join {
        /// The process.
        pidfd: Arc<OwnedFd>,
        /// Which.
        flags: u32,
    },
    /// Make and enter new namespaces (`CLONE_NEW*` flags).
    Unshare(u32),
    /// Continue in a new child, which is a child of our parent; the first process reports the pid
    /// and ends. For a joined pid namespace, which only children enter.
    Fork,
    /// Write a whole file in one go.
    Write {
        /// Directory of a relative path.
        dir: Fd,
        /// The path.
        path: CString,
        /// The bytes.
        bytes: Vec<u8>,
        /// A failure is ignored.
        optional: bool,
    },
    /// No mount of ours shows outside, none of outside shows here.
    PrivateMounts,
    /// Attach a mount to a path outside of the container: by this it belongs to our namespace. Over
    /// `/`, only its descriptor reaches it until [`Op::Pivot`].
    AttachOutside {
        /// The mount.
        mount: Fd,
        /// The path.
        at: CString,
    },
    /// Open a directory outside of the container.
    OpenOutside {
        /// The path.
        path: CString,
        /// Where to leave it.
        into: Slot,
    },
    /// Make a file system, not attached anywhere.
    NewFileSystem {
        /// Its type.
        kind: CString,
        /// Its options.
        options: Vec<(CString, Option<CString>)>,
        /// `MOUNT_ATTR_*`.
        attributes: u32,
        /// Where to leave the mount.
        into: Slot,
    },
    /// Mount an overlay through `mount(2)`: for kernels before 6.5, which take no layer by itself.
    OldOverlay {
        /// The directory to mount over, outside of any container.
        over: CString,
        /// The directory that the paths in `data` are relative to.
        base: CString,
        /// The options.
        data: CString,
        /// Where to leave the mount.
        into: Slot,
    },
    /// Find, and if need be create, a mount point or directory inside a root.
    Target {
        /// The root no link leads out of.
        root: Fd,
        /// The path.
        path: TargetPath,
        /// What it must be.
        kind: TargetKind,
        /// Mode of what is created.
        mode: u32,
        /// Where to leave the descriptor.
        into: Slot,
    },
    /// Attach a mount to a target; both by descriptor.
    Attach {
        /// The mount.
        mount: Fd,
        /// The target.
        onto: Fd,
    },
    /// A new mount of what a descriptor names.
    CloneTree {
        /// The directory or file.
        of: Fd,
        /// Where to leave it.
        into: Slot,
    },
    /// Add attributes to a mount.
    SetAttributes {
        /// The mount.
        mount: Fd,
        /// `MOUNT_ATTR_*`.
        set: u32,
        /// The mounts below it, too.
        recursive: bool,
    },
    /// Hide what stands at a path, if anything does: a directory by an empty read-only directory, a
    /// file by the null device.
    Mask {
        /// The root.
        root: Fd,
        /// The path; no link on it is followed.
        path: CString,
        /// An attached mount of the null device.
        file: Fd,
        /// A mount of an empty read-only directory.
        directory: Fd,
    },
    /// Make what stands at a path read-only, if anything does.
    ReadOnlyPath {
        /// The root.
        root: Fd,
        /// The path; no link on it is followed.
        path: CString,
    },
    /// Make a symbolic link.
    Symlink {
        /// Directory of the link.
        dir: Fd,
        /// Its name.
        name: CString,
        /// Where it leads.
        target: CString,
    },
    /// Switch the loopback interface on.
    Loopback,
    /// Set the host name.
    Hostname(Vec<u8>),
    /// Open a pseudo-terminal, make it the controlling one and descriptors 0 to 2, mount it on
    /// `/dev/console`, and hand our end to the parent.
    Terminal(Terminal),
    /// Give pipes on descriptors 0 to 2 to this user, so that `/dev/stdout` can be opened again.
    OwnPipes(u32),
    /// Make a mount the root directory and let go of everything outside.
    Pivot(Fd),
    /// Change directory, and make sure that it lies below the root.
    Enter(Fd),
    /// Drop all but these capabilities (bits) from the bounding set, and all from the ambient set.
    BoundCapabilities(u64),
    /// Set effective and permitted capabilities to these bits (as far as we have them), inheritable
    /// to none.
    Capabilities(u64),
    /// Change ids. Without groups the supplementary groups are left as they are.
    Ids {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
        /// Supplementary groups.
        groups: Option<Vec<u32>>,
    },
    /// No program executed from here on gains rights.
    NoNewPrivileges,
    /// Load a system call filter.
    Filter(Vec<Instruction>),
    /// Lead a process group of its own, in the foreground of the terminal if there is one.
    ForegroundGroup,
    /// umask 022, default signal dispositions, no blocked signal.
    CleanProcess,
    /// Be killed when the parent ends.
    DieWithParent,
    /// Execute a program of the container.
    Exec(Exec),
    /// Execute a file by descriptor; the report channel stays open as descriptor
    /// [`INHERITED_CHANNEL`].
    ExecDescriptor {
        /// The program.
        program: Arc<OwnedFd>,
        /// Arguments and environment; the candidates are not used.
        exec: Exec,
    },
}

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
}

impl Program {
    /// Append an operation of a step.
    pub fn push(&mut self, step: usize, op: Op) {
        self.ops.push((u16::try_from(step).unwrap_or(u16::MAX), op));
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

/// A null-terminated array of pointers to strings it owns.
#[derive(Debug)]
struct CStringArray {
    _strings: Vec<CString>,
    pointers: Vec<*const libc::c_char>,
}

impl CStringArray {
    fn new(strings: Vec<CString>) -> Self {
        let pointers = strings.iter().map(|s| s.as_ptr()).chain([ptr::null()]).collect();
        CStringArray { _strings: strings, pointers }
    }
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
    // Blocked before the clone: a handler of the parent must not run in the child, and a signal for
    // the child must not be lost between the clone and the exec.
    let blocked = signals::BlockAll::new()?;
    let pid = clone_process(namespaces, &mut pidfd);
    match pid {
        0 => {
            BETWEEN_CLONE_AND_EXEC.store(true, Ordering::Relaxed);
            execute::run(program, stdio, channel)
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

/// A copy of this process in new namespaces. `clone3` is tried first; where a filter answers ENOSYS (we
/// run in somebody's container), or is loaded by ourselves, `clone` does the same.
fn clone_process(namespaces: u32, pidfd: &mut RawFd) -> libc::c_long {
    let mut arguments = CloneArguments {
        flags: u64::from(namespaces) | libc::CLONE_PIDFD as u64,
        pidfd: ptr::from_mut(pidfd) as u64,
        exit_signal: libc::SIGCHLD as u64,
        ..CloneArguments::default()
    };
    // SAFETY: the structure is laid out as clone3(2) demands and lives through the call; without
    // CLONE_VM the child has its own copy of the stack and returns here like a fork. In the child
    // only `execute::run` follows, which never returns.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone3, ptr::from_mut(&mut arguments), size_of::<CloneArguments>())
    };
    if pid != -1 || io::Error::last_os_error().raw_os_error() != Some(libc::ENOSYS) {
        return pid;
    }
    let flags = libc::c_ulong::from(namespaces) | (libc::CLONE_PIDFD | libc::SIGCHLD) as libc::c_ulong;
    // SAFETY: as above; with a null stack the child goes on with a copy of ours. The order of arguments
    // (flags, stack, parent_tid, ...) is that of x86-64 and aarch64; with CLONE_PIDFD the descriptor is
    // stored in parent_tid's place.
    unsafe { libc::syscall(libc::SYS_clone, flags, 0, ptr::from_mut(pidfd), 0, 0) }
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
