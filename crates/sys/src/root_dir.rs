//! A directory as a root: every path inside it is resolved by the kernel in one step, and what is
//! done is done on descriptors, so that no link planted inside leads out and no path is walked twice.
//!
//! `openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)` treats the directory as `/`: absolute links and
//! `..` stay inside (Linux 5.6). The attacks it has to survive are libpathrs's list; see the tests.
//!
//! Paths and names are bytes: a file name need not be UTF-8. A leading `/` means the root itself.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Gid, Mode, OFlags, RawMode, ResolveFlags, Timespec, Timestamps, Uid, XattrFlags,
};

mod attributes;
mod removal;
#[cfg(test)]
mod tests;

pub use attributes::{Metadata, NodeKind, metadata_of, xattr_of, xattrs_of};
use attributes::{change_mode, metadata_at};
use removal::remove_entry;

/// A directory whose inside cannot lead out.
#[derive(Debug)]
pub struct RootDir {
    fd: OwnedFd,
}

/// The path ends in nothing that could be created or removed: empty, `/`, `.` or `..`.
fn no_name() -> io::Error {
    io::Error::from(rustix::io::Errno::INVAL)
}

/// How often a resolution is repeated when the kernel saw a rename at the same moment.
const RACE_RETRIES: usize = 128;

impl RootDir {
    /// Take a directory of the host as root. The path itself is trusted.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(RootDir { fd: rustix::fs::open(dir, flags, Mode::empty())? })
    }

    /// Take an open directory as root.
    pub fn from_fd(fd: OwnedFd) -> Self {
        RootDir { fd }
    }

    /// A second descriptor of the same root.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(RootDir { fd: self.fd.try_clone()? })
    }

    /// Open with these flags; links are followed inside the root (the last one not with `NOFOLLOW`).
    pub fn open_with(&self, path: impl AsRef<[u8]>, flags: OFlags, mode: u32) -> io::Result<OwnedFd> {
        let path = path.as_ref();
        let path = if path.is_empty() { b"." } else { path };
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let mode = Mode::from_raw_mode(mode as RawMode);
        for _ in 0..RACE_RETRIES {
            match rustix::fs::openat2(&self.fd, path, flags | OFlags::CLOEXEC, mode, resolve) {
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => continue,
                result => return Ok(result?),
            }
        }
        Err(rustix::io::Errno::AGAIN.into())
    }

    /// A descriptor that only names what stands there (`O_PATH`), links followed inside the root.
    pub fn open_path(&self, path: impl AsRef<[u8]>) -> io::Result<OwnedFd> {
        self.open_with(path, OFlags::PATH, 0)
    }

    /// A directory inside, as a root of its own: nothing leads back up from it.
    pub fn subdir(&self, path: impl AsRef<[u8]>) -> io::Result<RootDir> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY;
        Ok(RootDir { fd: self.open_with(path, flags, 0)? })
    }

    /// A directory inside, as a root of its own; a link at the very end is refused.
    pub fn subdir_no_follow(&self, path: impl AsRef<[u8]>) -> io::Result<RootDir> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW;
        Ok(RootDir { fd: self.open_with(path, flags, 0)? })
    }

    /// Open a regular file for reading. A fifo or device there neither blocks nor answers.
    pub fn open_file(&self, path: impl AsRef<[u8]>) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
        regular(self.open_with(path, flags, 0)?)
    }

    /// Open a regular file for reading; a link at the very end is not followed.
    pub fn open_file_no_follow(&self, path: impl AsRef<[u8]>) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
        regular(self.open_with(path, flags, 0)?)
    }

    /// Read a regular file of at most `limit` bytes; a larger one is `FileTooLarge`.
    pub fn read_file(&self, path: impl AsRef<[u8]>, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open_file(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        Ok(bytes)
    }

    /// Create a regular file that must not exist yet, open for reading and writing.
    pub fn create_file(&self, path: impl AsRef<[u8]>, mode: u32) -> io::Result<File> {
        let (parent, name) = self.parent(path.as_ref())?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(mode as RawMode))?;
        Ok(File::from(fd))
    }

    /// The target of a symbolic link.
    pub fn read_link(&self, path: impl AsRef<[u8]>) -> io::Result<Vec<u8>> {
        let fd = self.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0)?;
        Ok(rustix::fs::readlinkat(fd, c"", Vec::new())?.into_bytes())
    }

    /// What stands there; a link at the very end is not followed.
    pub fn metadata(&self, path: impl AsRef<[u8]>) -> io::Result<Metadata> {
        let path = path.as_ref();
        match self.parent(path) {
            Ok((Parent::Root(root), name)) => metadata_at(root, name),
            _ => metadata_of(self.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0)?),
        }
    }

    /// What stands there after following links inside the root.
    pub fn metadata_followed(&self, path: impl AsRef<[u8]>) -> io::Result<Metadata> {
        metadata_of(self.open_path(path)?)
    }

    /// Whether anything stands there, a dangling link included.
    pub fn exists(&self, path: impl AsRef<[u8]>) -> io::Result<bool> {
        match self.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0) {
            Ok(_) => Ok(true),
            Err(error) if is_absent(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Names in a directory, sorted by bytes, without `.` and `..`.
    pub fn list(&self, path: impl AsRef<[u8]>) -> io::Result<Vec<Vec<u8>>> {
        let dir = self.open_with(path, OFlags::DIRECTORY | OFlags::RDONLY, 0)?;
        names_in(&dir)
    }

    /// At most so many names in a directory, in no order, without `.` and `..`.
    pub fn some_names(&self, path: impl AsRef<[u8]>, most: usize) -> io::Result<Vec<Vec<u8>>> {
        let dir = self.open_with(path, OFlags::DIRECTORY | OFlags::RDONLY, 0)?;
        entries_of(&dir)?.take(most).collect()
    }

    /// Names in this directory itself, sorted by bytes, without `.` and `..`.
    pub fn names(&self) -> io::Result<Vec<Vec<u8>>> {
        names_in(&self.fd)
    }

    /// Make one directory; its parent must exist.
    pub fn mkdir(&self, path: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
        let (parent, name) = self.parent(path.as_ref())?;
        Ok(rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(mode as RawMode))?)
    }

    /// Make a directory and its missing parents; links to directories on the way are followed inside
    /// the root. An existing directory is fine.
    pub fn mkdir_all(&self, path: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
        let path = path.as_ref();
        let ends = (1..=path.len()).filter(|&at| at == path.len() || path[at] == b'/');
        for end in ends {
            let part = &path[..end];
            if matches!(last_name(part), None | Some(b"." | b"..")) {
                continue;
            }
            match self.mkdir(part, mode) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    self.open_with(part, OFlags::PATH | OFlags::DIRECTORY, 0)?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Make a symbolic link; the target is kept as written.
    pub fn symlink(&self, target: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> io::Result<()> {
        let (parent, name) = self.parent(path.as_ref())?;
        Ok(rustix::fs::symlinkat(target.as_ref(), parent, name)?)
    }

    /// Give what stands at `from` (a link is not followed) a second name.
    pub fn hard_link(&self, from: impl AsRef<[u8]>, path: impl AsRef<[u8]>) -> io::Result<()> {
        let (from_parent, from_name) = self.parent(from.as_ref())?;
        let (parent, name) = self.parent(path.as_ref())?;
        Ok(rustix::fs::linkat(from_parent, from_name, parent, name, AtFlags::empty())?)
    }

    /// Make a fifo or device node.
    pub fn mknod(
        &self,
        path: impl AsRef<[u8]>,
        kind: NodeKind,
        mode: u32,
        device: (u32, u32),
    ) -> io::Result<()> {
        let file_type = match kind {
            NodeKind::Fifo => FileType::Fifo,
            NodeKind::CharDevice => FileType::CharacterDevice,
            NodeKind::BlockDevice => FileType::BlockDevice,
            _ => return Err(no_name()),
        };
        let (parent, name) = self.parent(path.as_ref())?;
        let device = rustix::fs::makedev(device.0, device.1);
        Ok(rustix::fs::mknodat(parent, name, file_type, Mode::from_raw_mode(mode as RawMode), device)?)
    }

    /// Rename inside the root, replacing what stands at `to`.
    pub fn rename(&self, from: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> io::Result<()> {
        let (from_parent, from_name) = self.parent(from.as_ref())?;
        let (parent, name) = self.parent(to.as_ref())?;
        Ok(rustix::fs::renameat(from_parent, from_name, parent, name)?)
    }

    /// Remove one name that is no directory.
    pub fn unlink(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        let (parent, name) = self.parent(path.as_ref())?;
        Ok(rustix::fs::unlinkat(parent, name, AtFlags::empty())?)
    }

    /// Remove what stands there with all below it; links are removed, never followed. Nothing there
    /// is fine.
    pub fn remove_all(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        match self.parent(path.as_ref()) {
            Ok((parent, name)) => remove_entry(parent.as_fd(), name),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Remove everything in a directory, but not the directory.
    pub fn clear(&self, path: impl AsRef<[u8]>) -> io::Result<()> {
        let dir = self.open_with(path, OFlags::DIRECTORY | OFlags::RDONLY, 0)?;
        names_in(&dir)?.iter().try_for_each(|name| remove_entry(dir.as_fd(), name))
    }

    /// Set permission, set-id and sticky bits of what is no symbolic link.
    pub fn set_mode(&self, path: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
        let fd = self.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0)?;
        if metadata_of(&fd)?.kind == NodeKind::Symlink {
            return Err(rustix::io::Errno::LOOP.into());
        }
        change_mode(fd.as_fd(), mode)
    }

    /// Set owner and group; a link itself, not what it leads to.
    pub fn set_owner(&self, path: impl AsRef<[u8]>, uid: u32, gid: u32) -> io::Result<()> {
        let (parent, name) = self.parent_or_self(path.as_ref())?;
        let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
        Ok(rustix::fs::chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Set the modification time (and the access time to the same); a link itself.
    pub fn set_mtime(&self, path: impl AsRef<[u8]>, seconds: i64) -> io::Result<()> {
        let (parent, name) = self.parent_or_self(path.as_ref())?;
        let time = Timespec { tv_sec: seconds, tv_nsec: 0 };
        let times = Timestamps { last_access: time, last_modification: time };
        Ok(rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// Set an extended attribute of a file or directory; a link at the end is refused.
    pub fn set_xattr(&self, path: impl AsRef<[u8]>, name: impl AsRef<[u8]>, value: &[u8]) -> io::Result<()> {
        let fd = self.open_for_xattr(path.as_ref())?;
        Ok(rustix::fs::fsetxattr(fd, name.as_ref(), value, XattrFlags::empty())?)
    }

    /// Remove an extended attribute of a file or directory.
    pub fn remove_xattr(&self, path: impl AsRef<[u8]>, name: impl AsRef<[u8]>) -> io::Result<()> {
        let fd = self.open_for_xattr(path.as_ref())?;
        Ok(rustix::fs::fremovexattr(fd, name.as_ref())?)
    }

    /// All extended attributes of a file or directory that we may see, sorted by name.
    pub fn xattrs(&self, path: impl AsRef<[u8]>) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        xattrs_of(&self.open_for_xattr(path.as_ref())?)
    }

    fn open_for_xattr(&self, path: &[u8]) -> io::Result<OwnedFd> {
        self.open_with(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW, 0)
    }

    /// The directory a path's last name stands in, and that name.
    fn parent<'a>(&self, path: &'a [u8]) -> io::Result<(Parent<'_>, &'a [u8])> {
        let name = last_name(path).filter(|name| !matches!(*name, b"." | b"..")).ok_or_else(no_name)?;
        if name.len() == path.len() {
            return Ok((Parent::Root(self.fd.as_fd()), name));
        }
        let trimmed = path.len() - path.iter().rev().take_while(|byte| **byte == b'/').count();
        let parent = &path[..trimmed - name.len()];
        Ok((Parent::Below(self.open_with(parent, OFlags::PATH | OFlags::DIRECTORY, 0)?), name))
    }

    /// Like `parent`, but the root itself is `.` in itself.
    fn parent_or_self<'a>(&self, path: &'a [u8]) -> io::Result<(Parent<'_>, &'a [u8])> {
        match last_name(path) {
            None => Ok((Parent::Root(self.fd.as_fd()), b".")),
            Some(_) => self.parent(path),
        }
    }
}

/// The directory a name stands in: the root itself needs no second descriptor.
enum Parent<'r> {
    Root(BorrowedFd<'r>),
    Below(OwnedFd),
}

impl AsFd for Parent<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Parent::Root(fd) => *fd,
            Parent::Below(fd) => fd.as_fd(),
        }
    }
}

impl AsFd for RootDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn regular(fd: OwnedFd) -> io::Result<File> {
    match FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode) {
        FileType::RegularFile => Ok(File::from(fd)),
        FileType::Directory => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The last name of a path, final slashes ignored; `None` for the root and the empty path.
fn last_name(path: &[u8]) -> Option<&[u8]> {
    path.rsplit(|byte| *byte == b'/').find(|name| !name.is_empty())
}

fn names_in(dir: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = entries_of(dir)?.collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn entries_of(dir: impl AsFd) -> io::Result<impl Iterator<Item = io::Result<Vec<u8>>>> {
    let entries = Dir::read_from(dir)?.map(|entry| Ok(entry?.file_name().to_bytes().to_vec()));
    Ok(entries.filter(|name| !matches!(name.as_deref(), Ok(b"." | b".."))))
}
