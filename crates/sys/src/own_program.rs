//! Run from a copy of our own program file that nobody can write to.
//!
//! A process that starts containers is, until exec, our binary with `/proc/self/exe` leading to the file
//! on the host. A container that gets hold of that link could later overwrite the file (CVE-2019-5736).
//! Executed once more through a read-only mount of the same file, the link leads to nothing that could
//! be written; the cost is one exec.

use std::ffi::{CStr, CString};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::ptr;

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::io::Errno;
use rustix::mount::{MountAttrFlags, OpenTreeFlags};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use crate::mount::add_attributes;
use crate::probe::{enter_single, in_copy};

const OWN: &std::ffi::CStr = c"/proc/self/exe";

/// Whether the file this process runs from cannot be written through `/proc/self/exe`.
pub fn is_read_only() -> bool {
    rustix::fs::statvfs(OWN).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Execute this program again from a read-only mount, unless it runs from one already. Must be called
/// before any thread is started. Returns `Ok` only if nothing had to be done. `argv` and `env` are those
/// of the process.
pub fn run_read_only(argv: &[CString], env: &[CString]) -> io::Result<()> {
    if is_read_only() {
        return Ok(());
    }
    let program = own_mount()?;
    let pointers = |strings: &[CString]| {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect::<Vec<_>>()
    };
    let (argv, env) = (pointers(argv), pointers(env));
    // SAFETY: both arrays end with null and their strings live through the call, which only returns
    // if it failed.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            program.as_raw_fd(),
            c"".as_ptr(),
            argv.as_ptr(),
            env.as_ptr(),
            libc::AT_EMPTY_PATH,
        );
    }
    Err(io::Error::last_os_error())
}

/// Our program file as a path that only this process can use, for children that may be seen in a
/// container.
#[derive(Debug)]
pub struct OwnProgram {
    /// `None`: we run from a read-only mount ourselves.
    mount: Option<OwnedFd>,
}

impl OwnProgram {
    /// The file through a mount that cannot be written to. Must be called before any thread is started.
    pub fn read_only() -> io::Result<Self> {
        let mount = if is_read_only() { None } else { Some(own_mount()?) };
        Ok(OwnProgram { mount })
    }

    /// Good while this value lives.
    pub fn path(&self) -> PathBuf {
        match &self.mount {
            None => PathBuf::from("/proc/self/exe"),
            Some(mount) => PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd())),
        }
    }
}

/// Keep every descriptor from 3 on from programs this process executes: those a careless caller has
/// let us inherit shall not stay open in a monitor for as long as a container lives.
pub fn keep_descriptors_to_ourselves() -> io::Result<()> {
    // SAFETY: the call changes flags of descriptors only; none is closed or made.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_uint)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A read-only mount of our file, made by ourselves or, without the right to mount, by a helper.
fn own_mount() -> io::Result<OwnedFd> {
    let path = rustix::fs::readlinkat(CWD, OWN, Vec::new())?;
    match read_only_mount(&path) {
        Err(Errno::PERM) => mount_of_a_helper(&path),
        made => Ok(made?),
    }
}

/// A mount of our file alone. By its path, since the link itself may lead to a mount of another
/// namespace; and only if it is still the same file. Allocates nothing.
fn read_only_mount(path: &CStr) -> Result<OwnedFd, Errno> {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = rustix::mount::open_tree(CWD, path, flags)?;
    let (ours, theirs) = (rustix::fs::stat(OWN)?, rustix::fs::fstat(&mount)?);
    if (ours.st_dev, ours.st_ino) != (theirs.st_dev, theirs.st_ino) {
        return Err(Errno::NOENT);
    }
    add_attributes(&mount, MountAttrFlags::MOUNT_ATTR_RDONLY.bits(), false)?;
    Ok(mount)
}

/// The same for an ordinary user who must stay outside of any user namespace, in order to enter that of a
/// container: a copy of this process makes the mount in one of its own and passes it on.
fn mount_of_a_helper(path: &CStr) -> io::Result<OwnedFd> {
    let (here, there) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    in_copy(|| {
        enter_single()?;
        pass_on(there.as_fd(), read_only_mount(path)?.as_fd())
    })?;
    drop(there);
    receive(here.as_fd())
}

fn pass_on(socket: BorrowedFd<'_>, mount: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let mounts = [mount];
    ancillary.push(SendAncillaryMessage::ScmRights(&mounts));
    sendmsg(socket, &[IoSlice::new(b"m")], &mut ancillary, SendFlags::NOSIGNAL).map(drop)
}

fn receive(socket: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(socket, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let received = ancillary.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut mounts) => mounts.next(),
        _ => None,
    });
    received.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
