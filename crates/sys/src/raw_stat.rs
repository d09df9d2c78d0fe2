//! What `stat` and `statx` write into a program's memory, byte for byte, to be answered in the kernel's place.

use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd as _};
use std::slice;

/// What the answer says instead of what the kernel knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// A device node with these numbers stands here.
    pub device: Option<Device>,
}

/// A device node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// Block, else character.
    pub block: bool,
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
}

impl Device {
    fn file_type(self) -> u32 {
        if self.block { libc::S_IFBLK } else { libc::S_IFCHR }
    }
}

/// `struct stat` of what a descriptor names, with other owners, as bytes of this architecture.
pub fn stat_bytes(fd: impl AsFd, shown: Shown) -> io::Result<Vec<u8>> {
    // SAFETY: the structure is plain numbers; all zero is one of its values.
    let mut stat: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the kernel fills one live structure.
    if unsafe { libc::fstat(fd.as_fd().as_raw_fd(), &raw mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    (stat.st_uid, stat.st_gid) = (shown.uid, shown.gid);
    if let Some(device) = shown.device {
        stat.st_mode = stat.st_mode & !libc::S_IFMT | device.file_type();
        stat.st_rdev = libc::makedev(device.major, device.minor);
    }
    // SAFETY: a live structure whose every byte was initialised by `zeroed` (all of its padding is named).
    Ok(unsafe { slice::from_raw_parts((&raw const stat).cast::<u8>(), size_of::<libc::stat>()) }.to_vec())
}

/// `struct statx` of what a descriptor names, with other owners, as bytes. Flags and mask are the caller's.
pub fn statx_bytes(fd: impl AsFd, flags: i32, mask: u32, shown: Shown) -> io::Result<Vec<u8>> {
    let flags = flags & (libc::AT_STATX_FORCE_SYNC | libc::AT_STATX_DONT_SYNC) | libc::AT_EMPTY_PATH;
    // SAFETY: the structure is plain numbers; all zero is one of its values.
    let mut stat: libc::statx = unsafe { mem::zeroed() };
    // SAFETY: the path is a constant and the kernel fills one live structure.
    let result = unsafe { libc::statx(fd.as_fd().as_raw_fd(), c"".as_ptr(), flags, mask, &raw mut stat) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    (stat.stx_uid, stat.stx_gid) = (shown.uid, shown.gid);
    if let Some(device) = shown.device {
        stat.stx_mode = stat.stx_mode & !(libc::S_IFMT as u16) | device.file_type() as u16;
        (stat.stx_rdev_major, stat.stx_rdev_minor) = (device.major, device.minor);
    }
    // SAFETY: as above.
    Ok(unsafe { slice::from_raw_parts((&raw const stat).cast::<u8>(), size_of::<libc::statx>()) }.to_vec())
}
