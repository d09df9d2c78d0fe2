//! Mounts of the child, always by descriptor.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags,
    UnmountFlags,
};

use super::descriptors::check;
use super::execute::{Done, open_directory, set_namespaces};
use super::{TakenMount, TargetKind, target};
use crate::mount;

/// What it was configured by, and a mount of it.
pub(super) fn new_file_system(
    kind: &CStr,
    options: &[(CString, Option<CString>)],
    attributes: u32,
) -> Result<(OwnedFd, OwnedFd), Errno> {
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
    let mount = rustix::mount::fsmount(context.as_fd(), FsMountFlags::FSMOUNT_CLOEXEC, attributes)?;
    Ok((context, mount))
}

pub(super) fn attach(mount: BorrowedFd<'_>, onto: BorrowedFd<'_>) -> Done {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(mount, c"", onto, c"", flags)
}

/// The name may be a path here: it is a single one, made just before, in a file system that nobody else has.
pub(super) fn attach_new(mount: BorrowedFd<'_>, dir: BorrowedFd<'_>, name: &CStr, kind: TargetKind) -> Done {
    match kind {
        TargetKind::Directory => rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(0o755))?,
        TargetKind::File => {
            let mode = Mode::from_raw_mode(0o666);
            rustix::fs::mknodat(dir, name, FileType::RegularFile, mode, 0)?;
        }
    }
    rustix::mount::move_mount(mount, c"", dir, name, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)
}

pub(super) fn clone_tree(of: BorrowedFd<'_>, recursive: bool) -> Result<OwnedFd, Errno> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    if recursive {
        flags |= OpenTreeFlags::AT_RECURSIVE;
    }
    rustix::mount::open_tree(of, c"", flags)
}

const NEW_MOUNTS: u32 = libc::CLONE_NEWNS as u32;

/// A mount can be cloned only inside its own mount namespace, and attached anywhere.
pub(super) fn take_mount(taken: &TakenMount) -> Result<OwnedFd, Errno> {
    let own = rustix::fs::open(c"/proc/self/ns/mnt", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    set_namespaces(taken.from.as_raw_fd(), NEW_MOUNTS)?;
    let mount = clone_of_file_system(taken);
    set_namespaces(own.as_raw_fd(), NEW_MOUNTS)?;
    mount
}

/// Private and with attributes of ours before it is used: whoever owns it could go on changing it.
fn clone_of_file_system(taken: &TakenMount) -> Result<OwnedFd, Errno> {
    let root = open_directory(c"/")?;
    let found = target::open_directory_strict(root.as_fd(), &taken.path)?;
    if rustix::fs::fstatfs(&found)?.f_type != taken.file_system {
        return Err(Errno::NODEV);
    }
    let clone = clone_tree(found.as_fd(), false)?;
    mount::set_propagation(&clone, MountPropagationFlags::PRIVATE, taken.attributes)?;
    Ok(clone)
}

pub(super) fn is_directory(fd: &OwnedFd) -> Result<bool, Errno> {
    let mode = rustix::fs::fstat(fd)?.st_mode;
    Ok(rustix::fs::FileType::from_raw_mode(mode) == rustix::fs::FileType::Directory)
}

pub(super) fn pivot(root: BorrowedFd<'_>) -> Done {
    let old = open_directory(c"/")?;
    rustix::process::fchdir(root)?;
    rustix::process::pivot_root(c".", c".")?;
    rustix::process::fchdir(&old)?;
    rustix::mount::unmount(c".", UnmountFlags::DETACH)?;
    rustix::process::chdir(c"/")
}

pub(super) fn enter(dir: BorrowedFd<'_>) -> Done {
    rustix::process::fchdir(dir)?;
    let mut buffer = [0u8; libc::PATH_MAX as usize];
    // SAFETY: the kernel writes at most the given length into the live buffer.
    let length = unsafe { libc::syscall(libc::SYS_getcwd, buffer.as_mut_ptr(), buffer.len()) };
    check(length)?;
    // A directory outside of the root reads "(unreachable)/..." (CVE-2024-21626).
    if buffer.first() == Some(&b'/') { Ok(()) } else { Err(Errno::XDEV) }
}
