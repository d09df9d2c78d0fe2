//! The loop of the child. Nothing here allocates, locks or panics; the memory is a copy, so nothing
//! done to it is seen by the parent.

use std::ffi::CStr;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    UnmountFlags,
};

use super::report::{self, Kind};
use super::{Fd, Op, Program, SLOTS, Slot, Terminal, program, target};
use crate::{mount, seccomp, signals};

/// What the child ends with when it could not become the program; nobody should rely on it.
const NOT_STARTED: i32 = 125;

/// Walk the program. Returns to nobody.
pub(super) fn run(program: &Program, stdio: Option<[RawFd; 3]>, channel: RawFd) -> ! {
    // A panic would unwind into code of the parent: leave at once instead.
    let _leave = LeaveOnUnwind;
    let mut child = Child { slots: [const { None }; SLOTS], channel, candidate: 0 };
    let mut failed = prepare_descriptors(stdio, &mut child).err().map(|errno| (0, errno, false));
    for (step, op) in &program.ops {
        if failed.is_some() {
            break;
        }
        let is_exec = matches!(op, Op::Exec(_) | Op::ExecDescriptor { .. });
        failed = child.carry_out(op).err().map(|errno| (*step, errno, is_exec));
    }
    // A program without exec at its end is a mistake of ours, not of the user.
    let (step, errno, is_exec) = failed.unwrap_or((u16::MAX, Errno::NOEXEC, false));
    child.tell_failure(step, errno, is_exec);
    leave()
}

struct LeaveOnUnwind;

impl Drop for LeaveOnUnwind {
    fn drop(&mut self) {
        leave()
    }
}

fn leave() -> ! {
    // SAFETY: ends the process without running anything of the parent's.
    unsafe { libc::_exit(NOT_STARTED) }
}

struct Child {
    slots: [Option<OwnedFd>; SLOTS],
    channel: RawFd,
    /// The candidate whose failure counts.
    candidate: u32,
}

type Done = Result<(), Errno>;

/// Put descriptors 0 to 2 in place and mark all others to be closed at exec (CVE-2024-21626).
fn prepare_descriptors(stdio: Option<[RawFd; 3]>, child: &mut Child) -> Done {
    if let Some(stdio) = stdio {
        let mut copies = [-1; 3];
        for (copy, fd) in copies.iter_mut().zip(stdio) {
            *copy = duplicate_above(fd, 3)?;
        }
        if child.channel < 3 {
            child.channel = duplicate_above(child.channel, 3)?;
        }
        for (number, copy) in (0..).zip(copies) {
            duplicate_to(copy, number, 0)?;
        }
    }
    close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

impl Child {
    fn fd<'a>(&'a self, fd: &'a Fd) -> Result<BorrowedFd<'a>, Errno> {
        match fd {
            Fd::Slot(Slot(at)) => {
                let slot = self.slots.get(usize::from(*at)).and_then(Option::as_ref);
                slot.map(|fd| fd.as_fd()).ok_or(Errno::BADF)
            }
            Fd::Given(fd) => Ok(fd.as_fd()),
            Fd::Current => Ok(CWD),
        }
    }

    fn keep(&mut self, into: Slot, fd: OwnedFd) -> Done {
        *self.slots.get_mut(usize::from(into.0)).ok_or(Errno::BADF)? = Some(fd);
        Ok(())
    }

    fn carry_out(&mut self, op: &Op) -> Done {
        match op {
            Op::Session => rustix::process::setsid().map(drop),
            Op::NotDumpable => {
                rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            }
            Op::Join { pidfd, flags } => set_namespaces(pidfd.as_raw_fd(), *flags),
            Op::Unshare(flags) => unshare(*flags),
            Op::Fork => self.fork(),
            Op::Write { dir, path, bytes, optional } => {
                let done = self.fd(dir).and_then(|dir| write_file(dir, path, bytes));
                if *optional { Ok(()) } else { done }
            }
            Op::PrivateMounts => {
                let flags = MountPropagationFlags::REC | MountPropagationFlags::PRIVATE;
                rustix::mount::mount_change(c"/", flags)
            }
            Op::AttachOutside { mount, at } => {
                let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
                rustix::mount::move_mount(self.fd(mount)?, c"", CWD, at.as_c_str(), flags)
            }
            Op::OpenOutside { path, into } => {
                let dir = open_directory(path)?;
                self.keep(*into, dir)
            }
            Op::NewFileSystem { kind, options, attributes, into } => {
                let fs = new_file_system(kind, options, *attributes)?;
                self.keep(*into, fs)
            }
            Op::OldOverlay { over, base, data, into } => {
                rustix::process::chdir(base.as_c_str())?;
                let flags = rustix::mount::MountFlags::NODEV;
                rustix::mount::mount(c"overlay", over.as_c_str(), c"overlay", flags, data.as_c_str())?;
                let root = open_directory(over)?;
                self.keep(*into, root)
            }
            Op::Target { root, path, kind, mode, into } => {
                let found = target::find_or_create(self.fd(root)?, path, *kind, *mode)?;
                self.keep(*into, found)
            }
            Op::Attach { mount, onto } => attach(self.fd(mount)?, self.fd(onto)?),
            Op::CloneTree { of, into } => {
                let clone = clone_tree(self.fd(of)?, false)?;
                self.keep(*into, clone)
            }
            Op::SetAttributes { mount, set, recursive } => {
                mount::add_attributes(self.fd(mount)?, *set, *recursive)
            }
            Op::Mask { root, path, file, directory } => {
                self.mask(root, path, file, directory)
            }
            Op::ReadOnlyPath { root, path } => read_only_path(self.fd(root)?, path),
            Op::Symlink { dir, name, target } => {
                rustix::fs::symlinkat(target.as_c_str(), self.fd(dir)?, name.as_c_str())
            }
            Op::Loopback => loopback_up(),
            Op::Hostname(name) => rustix::system::sethostname(name),
            Op::Terminal(terminal) => self.terminal(terminal),
            Op::OwnPipes(uid) => own_pipes(*uid),
            Op::Pivot(root) => pivot(self.fd(root)?),
            Op::Enter(dir) => enter(self.fd(dir)?),
            Op::BoundCapabilities(keep) => bound_capabilities(*keep),
            Op::Capabilities(keep) => capabilities(*keep),
            Op::Ids { uid, gid, groups } => set_ids(*uid, *gid, groups.as_deref()),
            Op::NoNewPrivileges => rustix::thread::set_no_new_privs(true),
            Op::Filter(filter) => seccomp::load(filter).map_err(errno_of),
            Op::ForegroundGroup => foreground_group(),
            Op::CleanProcess => {
                rustix::process::umask(Mode::from_raw_mode(0o022));
                signals::reset_dispositions();
                signals::set_mask(0).map(drop).map_err(errno_of)
            }
            Op::DieWithParent => die_with_parent(self.channel),
            Op::Exec(exec) => {
                close_all_but(self.channel)?;
                report::send(self.channel, Kind::Executing, 0, 0, None);
                let (candidate, errno) = program::execute(exec);
                self.candidate = candidate;
                Err(errno)
            }
            Op::ExecDescriptor { program, exec } => {
                self.channel = program::execute_descriptor(program.as_raw_fd(), exec, self.channel)?;
                Err(Errno::NOEXEC)
            }
        }
    }

    fn mask(&self, root: &Fd, path: &CStr, file: &Fd, directory: &Fd) -> Done {
        let found = match target::open_strict(self.fd(root)?, path) {
            Err(Errno::NOENT) => return Ok(()),
            result => result?,
        };
        let source = if is_directory(&found)? { directory } else { file };
        let cover = clone_tree(self.fd(source)?, false)?;
        attach(cover.as_fd(), found.as_fd())
    }

    /// The new process continues; this one reports it and ends. `clone` and not `clone3`, which a
    /// filter loaded before may answer with ENOSYS.
    fn fork(&self) -> Done {
        let mut pidfd: RawFd = -1;
        let flags = libc::c_long::from(libc::CLONE_PARENT | libc::CLONE_PIDFD | libc::SIGCHLD);
        // SAFETY: without CLONE_VM and with a null stack this is a fork: the new process has a copy
        // of everything. The descriptor is stored in a live local. The order of the arguments
        // (flags, stack, parent_tid, ...) is that of x86-64 and aarch64.
        let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, &raw mut pidfd, 0, 0) };
        match pid {
            -1 => Err(last_errno()),
            0 => Ok(()),
            pid => {
                report::send(self.channel, Kind::Forked, pid as u32, 0, Some(pidfd));
                leave()
            }
        }
    }

    fn terminal(&self, terminal: &Terminal) -> Done {
        let dev = self.fd(&terminal.dev)?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        // By descriptor and not by /dev/pts/N, which could be a link (CVE-2025-52565).
        let master = rustix::fs::openat(dev, c"pts/ptmx", flags | OFlags::NOFOLLOW, Mode::empty())?;
        rustix::pty::unlockpt(&master)?;
        let flags = rustix::pty::OpenptFlags::RDWR
            | rustix::pty::OpenptFlags::NOCTTY
            | rustix::pty::OpenptFlags::CLOEXEC;
        let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
        let owner = Some(rustix::fs::Uid::from_raw(terminal.uid));
        rustix::fs::fchown(&slave, owner, None)?;
        if terminal.console {
            let console = target::open_strict(dev, c"console")?;
            attach(clone_tree(slave.as_fd(), false)?.as_fd(), console.as_fd())?;
        }
        rustix::process::ioctl_tiocsctty(&slave)?;
        (0..3).try_for_each(|number| duplicate_to(slave.as_raw_fd(), number, 0))?;
        report::send(self.channel, Kind::Terminal, 0, 0, Some(master.as_raw_fd()));
        Ok(())
    }

    fn tell_failure(&self, step: u16, errno: Errno, is_exec: bool) {
        let errno = errno.raw_os_error();
        if !is_exec {
            return report::send(self.channel, Kind::Failed, u32::from(step), errno, None);
        }
        let root = open_directory(c"/").ok();
        let root = root.as_ref().map(|fd| fd.as_raw_fd());
        report::send(self.channel, Kind::NotExecuted, self.candidate, errno, root);
        report::wait_for_close(self.channel);
    }
}

pub(super) fn last_errno() -> Errno {
    errno_of(std::io::Error::last_os_error())
}

fn errno_of(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::INVAL)
}

/// The result of a raw system call.
pub(super) fn check(result: libc::c_long) -> Done {
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

pub(super) fn duplicate_above(fd: RawFd, lowest: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: makes a new descriptor; nothing that is owned changes.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) };
    if copy < 0 { Err(last_errno()) } else { Ok(copy) }
}

pub(super) fn duplicate_to(fd: RawFd, number: RawFd, flags: libc::c_int) -> Done {
    // SAFETY: replaces a descriptor of this process, whose number no owned value of the child has: 0
    // to 2 are never owned here, and INHERITED_CHANNEL is only replaced right before exec.
    check(unsafe { libc::syscall(libc::SYS_dup3, fd, number, flags) })
}

fn close_range(first: u32, last: u32, flags: libc::c_uint) -> Done {
    // SAFETY: with CLOSE_RANGE_CLOEXEC nothing is closed; without it, only right before exec, after
    // which no descriptor of the program is used any more.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) })
}

/// Close everything above the standard descriptors but one.
fn close_all_but(fd: RawFd) -> Done {
    let fd = fd as u32;
    if fd > 3 {
        close_range(3, fd - 1, 0)?;
    }
    close_range(fd + 1, u32::MAX, 0)
}

fn set_namespaces(fd: RawFd, flags: u32) -> Done {
    // SAFETY: the process has one thread, so that no other thread is left behind elsewhere.
    check(unsafe { libc::syscall(libc::SYS_setns, fd, flags) })
}

fn unshare(flags: u32) -> Done {
    // SAFETY: the process has one thread; no CLONE_FILES or CLONE_FS state is shared.
    check(unsafe { libc::syscall(libc::SYS_unshare, libc::c_ulong::from(flags)) })
}

fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn write_file(dir: BorrowedFd<'_>, path: &CStr, bytes: &[u8]) -> Done {
    let file = rustix::fs::openat(dir, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    match rustix::io::write(&file, bytes)? {
        written if written == bytes.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}

fn new_file_system(
    kind: &CStr,
    options: &[(std::ffi::CString, Option<std::ffi::CString>)],
    attributes: u32,
) -> Result<OwnedFd, Errno> {
    let context = rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    // The name in the first column of `mount` and `df`.
    rustix::mount::fsconfig_set_string(context.as_fd(), c"source", kind)?;
    for (key, value) in options {
        match value {
            Some(value) => {
                rustix::mount::fsconfig_set_string(context.as_fd(), key.as_c_str(), value.as_c_str())?;
            }
            None => rustix::mount::fsconfig_set_flag(context.as_fd(), key.as_c_str())?,
        }
    }
    rustix::mount::fsconfig_create(context.as_fd())?;
    let attributes = MountAttrFlags::from_bits_retain(attributes);
    rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)
}

fn attach(mount: BorrowedFd<'_>, onto: BorrowedFd<'_>) -> Done {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(mount, c"", onto, c"", flags)
}

fn clone_tree(of: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd, Errno> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    rustix::mount::open_tree(of, c"", flags)
}

fn is_directory(fd: &OwnedFd) -> Result<bool, Errno> {
    let mode = rustix::fs::fstat(fd)?.st_mode;
    Ok(rustix::fs::FileType::from_raw_mode(mode) == rustix::fs::FileType::Directory)
}

fn read_only_path(root: BorrowedFd<'_>, path: &CStr) -> Done {
    let found = match target::open_strict(root, path) {
        Err(Errno::NOENT) => return Ok(()),
        result => result?,
    };
    let copy = clone_tree(found.as_fd(), true)?;
    mount::add_attributes(copy.as_fd(), MountAttrFlags::MOUNT_ATTR_RDONLY.bits(), true)?;
    attach(copy.as_fd(), found.as_fd())
}

/// `struct ifreq` as far as flags need it.
#[repr(C)]
struct InterfaceFlags {
    name: [u8; libc::IFNAMSIZ],
    flags: libc::c_short,
    rest: [u8; 22],
}

fn loopback_up() -> Done {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut request = InterfaceFlags { name: [0; libc::IFNAMSIZ], flags: 0, rest: [0; 22] };
    request.name[..2].copy_from_slice(b"lo");
    request.flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request is laid out as `struct ifreq` (40 bytes) and lives through the call.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request) };
    check(libc::c_long::from(result))
}

/// Pipes only: a file or terminal that the caller handed over keeps its owner.
fn own_pipes(uid: u32) -> Done {
    const PIPEFS_MAGIC: i64 = 0x5049_5045;
    for number in 0..3 {
        // SAFETY: 0 to 2 are open (put in place at the start) and stay so through this call.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        if rustix::fs::fstatfs(fd).is_ok_and(|fs| fs.f_type == PIPEFS_MAGIC) {
            // Not fatal: without it only opening /dev/stdout again fails.
            let _ = rustix::fs::fchown(fd, Some(rustix::fs::Uid::from_raw(uid)), None);
        }
    }
    Ok(())
}

fn pivot(root: BorrowedFd<'_>) -> Done {
    let old = open_directory(c"/")?;
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(c".", c".")?;
    rustix::process::fchdir(&old)?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
    rustix::process::chdir(c"/")
}

fn enter(dir: BorrowedFd<'_>) -> Done {
    rustix::process::fchdir(dir)?;
    let mut buffer = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the kernel writes at most the given length into the live buffer.
    let length = unsafe { libc::syscall(libc::SYS_getcwd, buffer.as_mut_ptr(), buffer.len()) };
    check(length)?;
    // A directory outside of the root reads "(unreachable)/..." (CVE-2024-21626).
    if buffer.first() == Some(&b'/') { Ok(()) } else { Err(Errno::XDEV) }
}

/// Capabilities end at the first number the kernel does not know; there are at most 64.
fn bound_capabilities(keep: u64) -> Done {
    for number in 0..64u64 {
        if keep & (1 << number) != 0 {
            continue;
        }
        // SAFETY: takes numbers only.
        match check(libc::c_long::from(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) })) {
            Err(Errno::INVAL) => break,
            result => result?,
        }
    }
    rustix::thread::clear_ambient_capability_set()
}

fn capabilities(keep: u64) -> Done {
    let held = rustix::thread::capabilities(None)?;
    let wanted = held.permitted & rustix::thread::CapabilitySet::from_bits_retain(keep);
    let sets = rustix::thread::CapabilitySets {
        effective: wanted,
        permitted: wanted,
        // A non-empty inheritable set hands rights to programs with file capabilities
        // (CVE-2022-29162).
        inheritable: rustix::thread::CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}

fn set_ids(uid: u32, gid: u32, groups: Option<&[u32]>) -> Done {
    if let Some(groups) = groups {
        // SAFETY: pointer and length describe a live slice of 32-bit ids.
        check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    }
    // The raw calls: glibc's would signal threads that this copy does not have.
    // SAFETY: takes numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: as above.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })
}

/// Signals are blocked here, so SIGTTOU does not stop the call. Without a terminal it fails, and nothing
/// is lost.
fn foreground_group() -> Done {
    rustix::process::setpgid(None, None)?;
    // SAFETY: descriptor 0 is open or not; nothing is closed.
    let stdin = unsafe { BorrowedFd::borrow_raw(0) };
    let _ = rustix::termios::tcsetpgrp(stdin, rustix::process::getpgrp());
    Ok(())
}

fn die_with_parent(channel: RawFd) -> Done {
    // SAFETY: takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    check(libc::c_long::from(result))?;
    // The parent may have ended before: then its end of the channel is closed already.
    let mut poll = libc::pollfd { fd: channel, events: 0, revents: 0 };
    // SAFETY: one live entry.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    if ready == 1 && poll.revents & libc::POLLHUP != 0 {
        leave()
    }
    Ok(())
}
