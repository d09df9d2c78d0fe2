//! Become root of a user namespace.

mod beside;
mod refusal;
mod sub_ids;

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::mount::MountPropagationFlags;
use rustix::thread::UnshareFlags;

pub use beside::enter_beside;
pub use refusal::Refusal;
pub use sub_ids::{NoSubIds, SubIds, sub_ids};

/// What the process became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnteredIds {
    /// Real root already: nothing was changed.
    Host,
    /// Root of a user namespace with a range of ids.
    Range,
    /// Root of a user namespace with one id.
    Single,
}

/// Why no user namespace could be entered.
#[derive(Debug, thiserror::Error)]
pub enum UsernsError {
    /// The kernel refused to make one.
    #[error("this machine does not let an ordinary user make a user namespace: {why}")]
    Refused {
        /// The reason and the remedy.
        why: Refusal,
    },
    /// Root, but without the rights of root.
    #[error("this process is root without the capability SYS_ADMIN and cannot make mounts")]
    PowerlessRoot,
    /// Made, but the id map could not be written.
    #[error("the id map of the new user namespace was refused: {why}")]
    Map {
        /// The reason.
        why: String,
    },
    /// The one of a running container cannot be entered.
    #[error("the user namespace of the other container cannot be entered: {why}")]
    Beside {
        /// The reason.
        why: String,
    },
    /// Called too late.
    #[error("a user namespace can only be entered before the first thread is started")]
    Threads,
}

/// Become uid 0 with all capabilities over a new user and mount namespace, unless the process is
/// real root. Must be called before any thread is started.
///
/// The user becomes 0. With lines for the user in /etc/subuid and /etc/subgid and the tools newuidmap
/// and newgidmap there are other ids, too ([`EnteredIds::Range`]).
pub fn enter() -> Result<EnteredIds, UsernsError> {
    if rustix::process::geteuid().is_root() {
        return stay_root();
    }
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    // Forked before the namespace is made: the tools must run in the old one.
    let mapper = match sub_ids(uid) {
        Ok(ids) => Some(sub_ids::Mapper::start(&ids, uid, gid).map_err(|error| map_error(&error))?),
        Err(_) => None,
    };
    unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNS).map_err(refused)?;
    let ids = match mapper.map(sub_ids::Mapper::map) {
        Some(Ok(())) => EnteredIds::Range,
        // A tool that refused has changed nothing: one id is still to be had.
        Some(Err(sub_ids::MapFailure::Nothing)) | None => {
            map_self(uid, gid).map_err(|error| map_error(&error))?;
            EnteredIds::Single
        }
        Some(Err(sub_ids::MapFailure::Half(why))) => return Err(UsernsError::Map { why }),
    };
    own_mounts()?;
    Ok(ids)
}

/// Root of the machine needs no namespace. Root of a namespace that somebody else made (a container,
/// `unshare -r`) has one already, but perhaps shares its mounts.
fn stay_root() -> Result<EnteredIds, UsernsError> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    let ids = ids_of_map(&map);
    if ids != EnteredIds::Host && !beside::mounts_are_ours().unwrap_or(false) {
        unshare(UnshareFlags::NEWNS).map_err(|_| UsernsError::PowerlessRoot)?;
        own_mounts()?;
    }
    Ok(ids)
}

/// Go on with mounts of our own: what is mounted from here on shows to nobody else and goes with this process.
/// Whoever has entered a user namespace has them already.
pub fn leave_mounts() -> Result<(), UsernsError> {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    if ids_of_map(&map) != EnteredIds::Host {
        return Ok(());
    }
    unshare(UnshareFlags::NEWNS).map_err(|_| UsernsError::PowerlessRoot)?;
    own_mounts()
}

/// What a map says about a process that is 0 in it.
fn ids_of_map(map: &str) -> EnteredIds {
    let lines: Vec<Vec<u32>> = map
        .lines()
        .map(|line| line.split_whitespace().filter_map(|number| number.parse().ok()).collect())
        .collect();
    match lines.as_slice() {
        [line] if line[..] == [0, 0, u32::MAX] => EnteredIds::Host,
        [line] if line.get(2) == Some(&1) => EnteredIds::Single,
        _ => EnteredIds::Range,
    }
}

/// Our mounts do not show outside; what the host mounts and unmounts later shows here. Here it also shows whether a security module lets us use the
/// capabilities that the namespace gave us.
fn own_mounts() -> Result<(), UsernsError> {
    let flags = MountPropagationFlags::REC | MountPropagationFlags::DOWNSTREAM;
    rustix::mount::mount_change(c"/", flags).map_err(|errno| UsernsError::Refused { why: Refusal::of(errno) })
}

fn unshare(flags: UnshareFlags) -> Result<(), Errno> {
    // SAFETY: none of CLONE_FILES, CLONE_FS or CLONE_VM is asked for, so nothing that other code of
    // this process relies on changes hands; the kernel refuses NEWUSER with more than one thread.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

fn refused(errno: Errno) -> UsernsError {
    match errno {
        Errno::INVAL => UsernsError::Threads,
        errno => UsernsError::Refused { why: Refusal::of(errno) },
    }
}

fn map_error(error: &io::Error) -> UsernsError {
    UsernsError::Map { why: error.to_string() }
}

/// Map 0 to the user alone. Groups only after setgroups is given up (user_namespaces(7)).
fn map_self(uid: u32, gid: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps() {
        assert_eq!(ids_of_map("         0          0 4294967295\n"), EnteredIds::Host);
        assert_eq!(ids_of_map("         0       1000          1\n"), EnteredIds::Single);
        let range = "         0       1000          1\n         1     100000      65536\n";
        assert_eq!(ids_of_map(range), EnteredIds::Range);
        assert_eq!(ids_of_map("0 100000 65536\n"), EnteredIds::Range);
        assert_eq!(ids_of_map(""), EnteredIds::Range);
    }
}
