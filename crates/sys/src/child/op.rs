//! The operations a child can carry out.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use super::{Exec, TargetPath};
use crate::seccomp::Instruction;

pub use rustix::process::Resource;

/// A place of the child in which an operation leaves a descriptor for later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot(pub u8);

/// How many [`Slot`]s there are.
pub const SLOTS: usize = 12;

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
    /// Where to leave its descriptor.
    pub into: Slot,
}

/// What is taken from the mount namespace of another process.
#[derive(Debug, Clone)]
pub struct TakenMount {
    /// The process.
    pub from: Arc<OwnedFd>,
    /// The directory there; no link on its path is followed.
    pub path: CString,
    /// The kind of file system that must stand there (`f_type` of statfs(2)): it is the other's to
    /// choose, and may be hostile.
    pub file_system: i64,
    /// `MOUNT_ATTR_*` that are added.
    pub attributes: u32,
    /// Where to leave the mount.
    pub into: Slot,
}

/// One kernel operation with all it needs.
#[derive(Debug)]
pub enum Op {
    /// `setsid`: leave the caller's session and controlling terminal, and its keyring.
    Session,
    /// Be stopped for the parent when its program is loaded ([`crate::trace`]). Where that is forbidden,
    /// nobody is told.
    BeTraced,
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
    /// A mount of what another process has at a path: its mount namespace is entered for a moment. Must
    /// come before anything is mounted over our own `/`.
    TakeMount(TakenMount),
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
    /// Write to a file that is open already, in one go.
    WriteTo {
        /// The file.
        file: Arc<OwnedFd>,
        /// The bytes.
        bytes: &'static [u8],
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
        /// Device nodes in it can be used.
        devices: bool,
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
    /// Attach a mount to a name that is made for it.
    AttachNew {
        /// The mount.
        mount: Fd,
        /// A directory of a file system that only the child has.
        dir: Fd,
        /// A single name that is not there yet.
        name: CString,
        /// What the mount is.
        kind: TargetKind,
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
    /// Make a file in a file system of the child's own, for content that must not lie on a disk.
    MakeFile {
        /// Directory of the file.
        dir: Fd,
        /// Its name.
        name: CString,
        /// The bytes.
        bytes: Vec<u8>,
        /// Its mode.
        mode: u32,
        /// User and group; without them it belongs to us.
        owner: Option<(u32, u32)>,
        /// Where to leave its descriptor.
        into: Slot,
    },
    /// Set a resource limit; `None` is no limit.
    Limit {
        /// Of what.
        resource: Resource,
        /// What counts.
        soft: Option<u64>,
        /// How far the process may raise it.
        hard: Option<u64>,
    },
    /// Switch the loopback interface on.
    Loopback,
    /// Wait for the parent's word ([`Channel::go_on`](super::Channel::go_on)).
    AwaitWord {
        /// The parent: its end is ours, too.
        parent: Arc<OwnedFd>,
    },
    /// Set the host name.
    Hostname(Vec<u8>),
    /// Set the NIS domain name.
    DomainName(Vec<u8>),
    /// Open a pseudo-terminal, mount it on `/dev/console`, and hand our end to the parent.
    Terminal(Terminal),
    /// Make a terminal the controlling one and descriptors 0 to 2.
    ControlTerminal(Fd),
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
    /// Change ids. Without groups the supplementary groups are left as they are. Capabilities are kept
    /// over the change, until [`Op::Capabilities`].
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
    /// Load a system call filter and hand its listener to the parent, who answers from then on.
    ListenedFilter(Vec<Instruction>),
    /// Lead a process group of its own, in the foreground of the terminal if there is one.
    ForegroundGroup,
    /// umask 022, default signal dispositions, no blocked signal.
    CleanProcess,
    /// Be killed when the parent ends.
    DieWithParent,
    /// Execute a program of the container.
    Exec(Exec),
    /// Execute a file by descriptor; the report channel stays open as descriptor
    /// [`INHERITED_CHANNEL`](super::INHERITED_CHANNEL).
    ExecDescriptor {
        /// The program.
        program: Arc<OwnedFd>,
        /// Arguments and environment; the candidates are not used.
        exec: Exec,
    },
}
