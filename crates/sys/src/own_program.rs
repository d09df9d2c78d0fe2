//! Run from a copy of our own program file that nobody can write to.
//!
//! A process that starts containers is, until exec, our binary with `/proc/self/exe` leading to the file
//! on the host. A container that gets hold of that link could later overwrite the file (CVE-2019-5736).
//! Executed once more through a read-only mount of the same file, the link leads to nothing that could
//! be written; the cost is one exec.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::ptr;

use rustix::fs::{CWD, StatVfsMountFlags};
use rustix::mount::{MountAttrFlags, OpenTreeFlags};

use crate::mount::add_attributes;

const OWN: &std::ffi::CStr = c"/proc/self/exe";

/// Whether the file this process runs from cannot be written through `/proc/self/exe`.
pub fn is_read_only() -> bool {
    rustix::fs::statvfs(OWN).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Execute this program again from a read-only mount, unless it runs from one already. Needs the right
/// to mount: call it after [`userns::enter`](crate::userns::enter). Returns `Ok` only if nothing had to
/// be done. `argv` and `env` are those of the process.
pub fn run_read_only(argv: &[CString], env: &[CString]) -> io::Result<()> {
    if is_read_only() {
        return Ok(());
    }
    let program = read_only_mount()?;
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

/// Keep every descriptor from 3 on from programs this process executes: those a careless caller has
/// let us inherit shall not stay open in a monitor for as long as a container lives.
pub fn keep_descriptors_to_ourselves() -> io::Result<()> {
    // SAFETY: the call changes flags of descriptors only; none is closed or made.
    let result = unsafe {
        libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as libc::c_uint)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A mount of our file alone. By its path, since the link itself may lead to a mount of another
/// namespace; and only if it is still the same file.
fn read_only_mount() -> io::Result<OwnedFd> {
    let path = rustix::fs::readlinkat(CWD, OWN, Vec::new())?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    let mount = rustix::mount::open_tree(CWD, path.as_c_str(), flags)?;
    let (ours, theirs) = (rustix::fs::stat(OWN)?, rustix::fs::fstat(&mount)?);
    if (ours.st_dev, ours.st_ino) != (theirs.st_dev, theirs.st_ino) {
        return Err(io::ErrorKind::NotFound.into());
    }
    add_attributes(&mount, MountAttrFlags::MOUNT_ATTR_RDONLY.bits(), false)?;
    Ok(mount)
}
