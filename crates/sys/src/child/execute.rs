//! The loop of the child. Nothing here allocates, locks or panics; the memory is a copy, so nothing
//! done to it is seen by the parent.

use std::ffi::CStr;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, MountPropagationFlags, MoveMountFlags};

use super::descriptors::{
    Spent, check, close_all_but, duplicate_to, errno_of, last_errno, prepare_descriptors,
};
use super::files::make_file;
use super::mounts::{
    attach, attach_new, clone_tree, enter, is_directory, new_file_system, pivot, take_mount,
};
use super::network::loopback_up;
use super::report::{self, Kind};
use super::rights::{
    be_traced, bound_capabilities, capabilities, die_with_parent, foreground_group, own_keyring, own_pipes,
    set_ids,
};
use super::{Born, Fd, Op, Program, SLOTS, Slot, Terminal, program, target};
use crate::{mount, seccomp, signals};

/// What the child ends with when it could not become the program; nobody should rely on it.
const NOT_STARTED: i32 = 125;

/// Walk the program. Returns to nobody.
pub(super) fn run(
    program: &Program,
    stdio: Option<[RawFd; 3]>,
    channel: RawFd,
    born: Born,
    ignored: u64,
) -> ! {
    // A panic would unwind into code of the parent: leave at once instead.
    let _leave = LeaveOnUnwind;
    let mut child =
        Child { slots: [const { None }; SLOTS], channel, candidate: 0, ignored, spent: Spent::default() };
    let prepared = prepare_descriptors(stdio, &mut child.channel).and_then(|()| match &program.cgroup {
        Some(group) if born == Born::Beside => write_file(group.as_fd(), c"cgroup.procs", b"0"),
        _ => Ok(()),
    });
    let mut failed = prepared.err().map(|errno| (0, errno, false));
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

pub(super) fn leave() -> ! {
    // SAFETY: ends the process without running anything of the parent's.
    unsafe { libc::_exit(NOT_STARTED) }
}

struct Child {
    slots: [Option<OwnedFd>; SLOTS],
    channel: RawFd,
    /// The candidate whose failure counts.
    candidate: u32,
    /// Signals the parent ignores.
    ignored: u64,
    spent: Spent,
}

/// How an operation ends.
pub(super) type Done = Result<(), Errno>;

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
        let slot = self.slots.get_mut(usize::from(into.0)).ok_or(Errno::BADF)?;
        if let Some(before) = slot.replace(fd) {
            self.spent.add(before);
        }
        Ok(())
    }

    fn carry_out(&mut self, op: &Op) -> Done {
        match op {
            Op::Session => {
                own_keyring();
                rustix::process::setsid().map(drop)
            }
            Op::BeTraced => {
                be_traced();
                Ok(())
            }
            Op::NotDumpable => {
                rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)
            }
            Op::Join { pidfd, flags } => set_namespaces(pidfd.as_raw_fd(), *flags),
            Op::Unshare(flags) => unshare(*flags),
            Op::TakeMount(taken) => {
                let mount = take_mount(taken)?;
                self.keep(taken.into, mount)
            }
            Op::Fork => self.fork(),
            Op::Write { dir, path, bytes, optional } => {
                let done = self.fd(dir).and_then(|dir| write_file(dir, path, bytes));
                if *optional { Ok(()) } else { done }
            }
            Op::WriteTo { file, bytes } => write_whole(file.as_fd(), bytes),
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
                let (context, mount) = new_file_system(kind, options, *attributes)?;
                self.spent.add(context);
                self.keep(*into, mount)
            }
            Op::OldOverlay { over, base, data, devices, into } => {
                use rustix::mount::MountFlags;
                rustix::process::chdir(base.as_c_str())?;
                let flags = if *devices { MountFlags::empty() } else { MountFlags::NODEV };
                rustix::mount::mount(c"overlay", over.as_c_str(), c"overlay", flags, data.as_c_str())?;
                let root = open_directory(over)?;
                self.keep(*into, root)
            }
            Op::Target { root, path, kind, mode, into } => {
                let found = target::find_or_create(self.fd(root)?, path, *kind, *mode)?;
                self.keep(*into, found)
            }
            Op::Attach { mount, onto } => attach(self.fd(mount)?, self.fd(onto)?),
            Op::AttachNew { mount, dir, name, kind } => {
                attach_new(self.fd(mount)?, self.fd(dir)?, name, *kind)
            }
            Op::CloneTree { of, into } => {
                let clone = clone_tree(self.fd(of)?, false)?;
                self.keep(*into, clone)
            }
            Op::SetAttributes { mount, set, recursive } => {
                mount::add_attributes(self.fd(mount)?, *set, *recursive)
            }
            Op::Mask { root, path, file, directory } => self.mask(root, path, file, directory),
            Op::ReadOnlyPath { root, path } => self.read_only(root, path),
            Op::Symlink { dir, name, target } => {
                rustix::fs::symlinkat(target.as_c_str(), self.fd(dir)?, name.as_c_str())
            }
            Op::MakeFile { dir, name, bytes, mode, owner, into } => {
                let file = make_file(self.fd(dir)?, name, bytes, *mode, *owner)?;
                self.keep(*into, file)
            }
            Op::Limit { resource, soft, hard } => rustix::process::setrlimit(
                *resource,
                rustix::process::Rlimit { current: *soft, maximum: *hard },
            ),
            Op::Loopback => loopback_up(),
            Op::AwaitWord { parent } => match report::await_word(self.channel, parent.as_raw_fd()) {
                true => Ok(()),
                false => leave(),
            },
            Op::Hostname(name) => rustix::system::sethostname(name),
            Op::DomainName(name) => rustix::system::setdomainname(name),
            Op::Terminal(terminal) => self.terminal(terminal),
            Op::ControlTerminal(terminal) => control_terminal(self.fd(terminal)?),
            Op::OwnPipes(uid) => own_pipes(*uid),
            Op::Pivot(root) => pivot(self.fd(root)?),
            Op::Enter(dir) => enter(self.fd(dir)?),
            Op::BoundCapabilities(keep) => bound_capabilities(*keep),
            Op::Capabilities(keep) => capabilities(*keep),
            Op::Ids { uid, gid, groups } => set_ids(*uid, *gid, groups.as_deref()),
            Op::NoNewPrivileges => rustix::thread::set_no_new_privs(true),
            Op::Filter(filter) => seccomp::load(filter).map_err(errno_of),
            Op::ListenedFilter(filter) => {
                let listener = seccomp::load_with_listener(filter).map_err(errno_of)?;
                report::send(self.channel, Kind::Listener, 0, 0, Some(listener.as_raw_fd()));
                Ok(())
            }
            Op::ForegroundGroup => foreground_group(),
            Op::CleanProcess => {
                rustix::process::umask(Mode::from_raw_mode(0o022));
                signals::reset_dispositions(self.ignored);
                signals::set_mask(0).map(drop).map_err(errno_of)
            }
            Op::DieWithParent => die_with_parent(self.channel),
            Op::Exec(exec) => {
                close_all_but(self.channel)?;
                self.wait_to_execute();
                let (candidate, errno) = program::execute(exec);
                self.candidate = candidate;
                Err(errno)
            }
            Op::ExecDescriptor { program, exec } => {
                self.wait_to_execute();
                self.channel = program::execute_descriptor(program.as_raw_fd(), exec, self.channel)?;
                Err(Errno::NOEXEC)
            }
        }
    }

    /// Whoever started us looks at us before the program does anything.
    fn wait_to_execute(&self) {
        report::send(self.channel, Kind::Ready, 0, 0, None);
        if !report::may_go(self.channel) {
            leave()
        }
    }

    fn mask(&mut self, root: &Fd, path: &CStr, file: &Fd, directory: &Fd) -> Done {
        let found = match target::open_strict(self.fd(root)?, path) {
            Err(Errno::NOENT) => return Ok(()),
            result => result?,
        };
        let source = if is_directory(&found)? { directory } else { file };
        let cover = clone_tree(self.fd(source)?, false)?;
        attach(cover.as_fd(), found.as_fd())?;
        self.spent.add(cover);
        self.spent.add(found);
        Ok(())
    }

    fn read_only(&mut self, root: &Fd, path: &CStr) -> Done {
        let found = match target::open_strict(self.fd(root)?, path) {
            Err(Errno::NOENT) => return Ok(()),
            result => result?,
        };
        let copy = clone_tree(found.as_fd(), true)?;
        mount::add_attributes(copy.as_fd(), MountAttrFlags::MOUNT_ATTR_RDONLY.bits(), true)?;
        attach(copy.as_fd(), found.as_fd())?;
        self.spent.add(copy);
        self.spent.add(found);
        Ok(())
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

    fn terminal(&mut self, terminal: &Terminal) -> Done {
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
        report::send(self.channel, Kind::Terminal, 0, 0, Some(master.as_raw_fd()));
        self.keep(terminal.into, slave)
    }

    fn tell_failure(&self, step: u16, errno: Errno, is_exec: bool) {
        let errno = errno.raw_os_error();
        if !is_exec {
            return report::send(self.channel, Kind::Failed, u32::from(step), errno, None);
        }
        let root = open_directory(c"/").ok();
        let root = root.as_ref().map(|fd| fd.as_raw_fd());
        report::send(self.channel, Kind::NotExecuted, self.candidate, errno, root);
        report::may_go(self.channel);
    }
}

fn control_terminal(terminal: BorrowedFd<'_>) -> Done {
    rustix::process::ioctl_tiocsctty(terminal)?;
    (0..3).try_for_each(|number| duplicate_to(terminal.as_raw_fd(), number, 0))
}

pub(super) fn set_namespaces(fd: RawFd, flags: u32) -> Done {
    // SAFETY: the process has one thread, so that no other thread is left behind elsewhere.
    check(unsafe { libc::syscall(libc::SYS_setns, fd, flags) })
}

fn unshare(flags: u32) -> Done {
    // SAFETY: the process has one thread; no CLONE_FILES or CLONE_FS state is shared.
    check(unsafe { libc::syscall(libc::SYS_unshare, libc::c_ulong::from(flags)) })
}

pub(super) fn open_directory(path: &CStr) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn write_file(dir: BorrowedFd<'_>, path: &CStr, bytes: &[u8]) -> Done {
    let file = rustix::fs::openat(dir, path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    write_whole(file.as_fd(), bytes)
}

fn write_whole(file: BorrowedFd<'_>, bytes: &[u8]) -> Done {
    match rustix::io::write(file, bytes)? {
        written if written == bytes.len() => Ok(()),
        _ => Err(Errno::IO),
    }
}
