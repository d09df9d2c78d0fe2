//! Removing trees that somebody else made: of any depth, with any modes, links never followed.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, RenameFlags};

use super::attributes::change_mode;

/// A process may have few descriptors, and a hostile tree is deeper than any path may be long.
const OPEN_LIMIT: usize = 64;

/// One name in a directory, and whether it is known to be a directory.
struct Entry {
    name: Vec<u8>,
    directory: bool,
}

/// Remove a name and all below it, with at most [`OPEN_LIMIT`] directories open: what lies deeper is
/// moved up to the top first. What somebody else removes meanwhile is as good as removed by us.
pub(super) fn remove_entry(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<()> {
    if remove_leaf(parent, name)? {
        return Ok(());
    }
    let mut open: Vec<OpenDir> = unless_gone(OpenDir::enter(parent, name))?.into_iter().collect();
    while let Some(dir) = open.last_mut() {
        if let Some(Entry { name: child, directory }) = dir.entries.pop() {
            if dir.remove(&child, directory)? {
                continue;
            }
            if open.len() < OPEN_LIMIT {
                let deeper = OpenDir::enter(open[open.len() - 1].fd.as_fd(), &child);
                open.extend(unless_gone(deeper)?);
            } else {
                let moved = move_up(open[OPEN_LIMIT - 1].fd.as_fd(), &child, open[0].fd.as_fd());
                let moved = unless_gone(moved)?.map(|name| Entry { name, directory: true });
                open[0].entries.extend(moved);
            }
            continue;
        }
        let name = std::mem::take(&mut dir.name);
        open.pop();
        let parent = open.last().map_or(parent, |dir| dir.fd.as_fd());
        if !remove_empty(parent, &name)? {
            return Err(rustix::io::Errno::NOTEMPTY.into());
        }
    }
    Ok(())
}

/// `None` for what is no longer there.
fn unless_gone<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

/// Remove a directory if nothing is in it; `false` if something is.
fn remove_empty(parent: BorrowedFd<'_>, name: &[u8]) -> io::Result<bool> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(true),
        Err(rustix::io::Errno::NOTEMPTY | rustix::io::Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
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
    entries: Vec<Entry>,
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
        let entries = entries_of(&fd)?;
        Ok(OpenDir { fd, name: name.to_vec(), entries })
    }

    /// Remove what is in it by this name, making it ours to change if its mode forbids that; `false` if
    /// something is in that itself.
    fn remove(&self, child: &[u8], directory: bool) -> io::Result<bool> {
        let remove: fn(BorrowedFd<'_>, &[u8]) -> io::Result<bool> =
            if directory { remove_empty } else { remove_leaf };
        match remove(self.fd.as_fd(), child) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                rustix::fs::fchmod(&self.fd, Mode::RWXU)?;
                remove(self.fd.as_fd(), child)
            }
            removed => removed,
        }
    }
}

/// What is in a directory, read through its own descriptor.
fn entries_of(fd: &OwnedFd) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut buffer = Vec::with_capacity(8192);
    let mut list = RawDir::new(fd, buffer.spare_capacity_mut());
    while let Some(entry) = list.next() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let directory = entry.file_type() == FileType::Directory;
            entries.push(Entry { name: name.to_vec(), directory });
        }
    }
    Ok(entries)
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
