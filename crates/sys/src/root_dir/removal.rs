//! Removing trees that somebody else made: of any depth, with any modes, links never followed.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};

use super::attributes::change_mode;
use super::names_in;

/// A process may have few descriptors, and a hostile tree is deeper than any path may be long.
const OPEN_LIMIT: usize = 64;

/// Remove a name and all below it, with at most [`OPEN_LIMIT`] directories open: what lies deeper is
/// moved up to the top first.
pub(super) fn remove_entry(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    if remove_leaf(parent, name)? {
        return Ok(());
    }
    let mut open = vec![OpenDir::enter(parent, name)?];
    while let Some(dir) = open.last_mut() {
        if let Some(child) = dir.names.pop() {
            if remove_leaf(dir.fd.as_fd(), &child)? {
                continue;
            }
            if open.len() < OPEN_LIMIT {
                let deeper = OpenDir::enter(open[open.len() - 1].fd.as_fd(), &child)?;
                open.push(deeper);
            } else {
                let name = move_up(open[OPEN_LIMIT - 1].fd.as_fd(), &child, open[0].fd.as_fd())?;
                open[0].names.push(name);
            }
            continue;
        }
        let name = std::mem::take(&mut dir.name);
        open.pop();
        let parent = open.last().map_or(parent, |dir| dir.fd.as_fd());
        match rustix::fs::unlinkat(parent, name.as_slice(), AtFlags::REMOVEDIR) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Move a directory up under a name that is free there.
fn move_up(from: BorrowedFd<'_>, name: &[u8], to: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    for number in 0u64.. {
        let free = format!("deeper-{number}").into_bytes();
        match rustix::fs::renameat_with(from, name, to, free.as_slice(), RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::EXIST) => continue,
            result => return Ok(result.map(|()| free)?),
        }
    }
    Err(rustix::io::Errno::EXIST.into())
}

struct OpenDir {
    fd: OwnedFd,
    name: Vec<u8>,
    names: Vec<Vec<u8>>,
}

impl OpenDir {
    /// Open a directory to empty it, making it ours to enter if its mode forbids that.
    fn enter(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
        let fd = match open() {
            Err(rustix::io::Errno::ACCESS) => {
                let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                change_mode(rustix::fs::openat(parent, name, flags, Mode::empty())?.as_fd(), 0o700)?;
                open()?
            }
            result => result?,
        };
        let names = names_in(&fd)?;
        if !names.is_empty() && rustix::fs::fstat(&fd)?.st_mode & 0o300 != 0o300 {
            rustix::fs::fchmod(&fd, Mode::RWXU)?;
        }
        Ok(OpenDir { fd, name: name.to_vec(), names })
    }
}

/// Remove a name that is no directory; `false` if it is one.
fn remove_leaf(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<bool> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(true),
        Err(rustix::io::Errno::ISDIR) => Ok(false),
        Err(rustix::io::Errno::PERM) => {
            let stat = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::Directory => Ok(false),
                _ => Err(rustix::io::Errno::PERM.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}
