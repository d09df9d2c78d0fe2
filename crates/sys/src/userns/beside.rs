//! The user namespace of a container that is there already.
//!
//! An ordinary user's namespaces belong to the user namespace they were made in. Who wants to share one
//! of them must be in that user namespace, and can be: its owner may enter it from outside (setns(2)),
//! though never from another user namespace beside it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::{EnteredIds, UsernsError, ids_of_map, own_mounts, refused, stay_root, unshare};
use crate::process;

/// Become root of the user namespace that the container with this first process was made in, with mounts
/// of our own. For real root, and inside that namespace, this is what [`enter`](super::enter) does. Must be
/// called before any thread is started.
pub fn enter_beside(pidfd: BorrowedFd<'_>) -> Result<EnteredIds, UsernsError> {
    if rustix::process::geteuid().is_root() {
        return stay_root();
    }
    let beside = |error: io::Error| UsernsError::Beside { why: reason(&error) };
    let theirs = namespace_of_mounts(pidfd).map_err(beside)?;
    let entered = move_into_link_name_space(theirs.as_fd(), Some(LinkNameSpaceType::User));
    entered.map_err(|errno| match errno {
        Errno::INVAL => UsernsError::Threads,
        errno => beside(errno.into()),
    })?;
    unshare(UnshareFlags::NEWNS).map_err(refused)?;
    own_mounts()?;
    Ok(ids_of_map(&fs::read_to_string("/proc/self/uid_map").unwrap_or_default()))
}

fn reason(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT | Errno::SRCH) => "it does not run any more".to_string(),
        Some(Errno::PERM | Errno::ACCESS) => "it was started by another user".to_string(),
        _ => error.to_string(),
    }
}

/// The user namespace that owns a process' mounts: that of whoever started the container, even if the
/// process itself is in one nested below. Fails if the process is not there any more.
fn namespace_of_mounts(pidfd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let pid = process::pid_of(pidfd)?;
    let mounts = File::open(format!("/proc/{pid}/ns/mnt"))?;
    // The number belongs to the process as long as that is there.
    process::send_signal(pidfd, 0)?;
    owner(&mounts)
}

/// Whether our mount namespace belongs to our user namespace: then nobody else's mounts are changed, for
/// example because this program has executed itself.
pub(super) fn mounts_are_ours() -> io::Result<bool> {
    let owner = File::from(owner(&File::open("/proc/self/ns/mnt")?)?).metadata()?;
    let ours = fs::metadata("/proc/self/ns/user")?;
    Ok((owner.dev(), owner.ino()) == (ours.dev(), ours.ino()))
}

/// The user namespace a namespace belongs to (ioctl_nsfs(2)).
fn owner(namespace: &File) -> io::Result<OwnedFd> {
    const NS_GET_USERNS: libc::Ioctl = 0xb701;
    // SAFETY: takes no argument and returns a new descriptor.
    let owner = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_USERNS) };
    if owner < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(owner) })
}
