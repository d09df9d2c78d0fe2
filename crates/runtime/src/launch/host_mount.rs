//! Files of the host that a container is shown, as mounts that are attached nowhere yet. A source is
//! resolved once, here; the descriptor is held until it is used.

use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use plimsoll_sys::mount::{add_attributes, make_private};
use rustix::fs::{CWD, FileType};
use rustix::mount::{MountAttrFlags, OpenTreeFlags};

use super::words::reason;

pub(super) fn is_directory(fd: BorrowedFd<'_>) -> Result<bool, String> {
    let stat = rustix::fs::fstat(fd).map_err(reason)?;
    Ok(FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// A mount of a host path and what is mounted below it, attached nowhere.
pub(super) fn clone_of_host(path: &Path) -> Result<OwnedFd, String> {
    let flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| "the path contains a zero byte")?;
    rustix::mount::open_tree(CWD, name.as_c_str(), flags)
        .map_err(|errno| format!("cannot show {}: {}", path.display(), reason(errno)))
}

pub(super) fn restrict(tree: &OwnedFd, attributes: MountAttrFlags) -> Result<(), String> {
    make_private(tree).map_err(reason)?;
    match attributes.is_empty() {
        true => Ok(()),
        false => add_attributes(tree, attributes.bits(), true).map_err(reason),
    }
}

/// A mount of a device node of the host, verified: a hostile volume must not be taken for the null
/// device (CVE-2025-31133).
pub(super) fn host_device(name: &str, major: u32, minor: u32) -> Result<OwnedFd, String> {
    let path = format!("/dev/{name}");
    let node = clone_of_host(Path::new(&path))?;
    let stat = rustix::fs::fstat(&node).map_err(reason)?;
    let is_device = FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice
        && (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)) == (major, minor);
    if !is_device {
        return Err(format!("the host's {path} is not the character device {major}:{minor}"));
    }
    make_private(&node).map_err(reason)?;
    Ok(node)
}
