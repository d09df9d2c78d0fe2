//! The one call of the mount interface that rustix does not have.

use std::os::fd::{AsFd, AsRawFd as _};

use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;

/// `struct mount_attr` (linux/mount.h).
#[repr(C)]
#[derive(Default)]
struct MountAttributes {
    set: u64,
    clear: u64,
    propagation: u64,
    userns_fd: u64,
}

/// Add `MOUNT_ATTR_*` to a mount, and to those below it (`mount_setattr`, Linux 5.12). Allocates
/// nothing.
pub fn add_attributes(mount: impl AsFd, set: u32, recursive: bool) -> Result<(), Errno> {
    change(mount, &MountAttributes { set: u64::from(set), ..MountAttributes::default() }, recursive)
}

/// Say what a mount, and those below it, share of later mounts with those they are copies of, and add
/// `MOUNT_ATTR_*` to them. Allocates nothing.
pub fn set_propagation(mount: impl AsFd, kind: MountPropagationFlags, set: u32) -> Result<(), Errno> {
    let (set, propagation) = (u64::from(set), u64::from(kind.bits()));
    change(mount, &MountAttributes { set, propagation, ..MountAttributes::default() }, true)
}

fn change(mount: impl AsFd, attributes: &MountAttributes, recursive: bool) -> Result<(), Errno> {
    let recursive = if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: path and structure live through the call; the size says how long the structure is.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH | recursive,
            std::ptr::from_ref(attributes),
            size_of::<MountAttributes>(),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}
