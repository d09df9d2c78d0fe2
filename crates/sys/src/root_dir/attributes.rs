//! What a file is and carries: type, mode, owner, times, extended attributes; all by descriptor.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};

use rustix::fs::{AtFlags, FileType, Mode, RawMode, Stat};

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A unix socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

/// What `stat` tells, in the words of this project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: NodeKind,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes.
    pub size: u64,
    /// Device it lies on.
    pub dev: u64,
    /// Inode number.
    pub ino: u64,
    /// Number of names.
    pub links: u64,
    /// Major and minor number of a device node.
    pub rdev: (u32, u32),
    /// Last change of the bytes: seconds and nanoseconds.
    pub mtime: (i64, u32),
    /// Last change of bytes or attributes; no program can set it back.
    pub ctime: (i64, u32),
}

/// Extended attributes of an open file or directory, sorted by name; none where the file system has
/// no such thing.
pub fn xattrs_of(fd: impl AsFd) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let fd = fd.as_fd();
    let mut names = Vec::new();
    loop {
        let size = match rustix::fs::flistxattr_query(fd) {
            Ok(size) => size,
            Err(rustix::io::Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        if size == 0 {
            return Ok(Vec::new());
        }
        names.resize(size, 0u8);
        match rustix::fs::flistxattr(fd, &mut names[..]) {
            Ok(size) => break names.truncate(size),
            Err(rustix::io::Errno::RANGE) => continue,
            Err(error) => return Err(error.into()),
        }
    }
    let mut found = Vec::new();
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if let Some(value) = xattr_of(fd, name)? {
            found.push((name.to_vec(), value));
        }
    }
    found.sort();
    Ok(found)
}

/// One extended attribute of an open file or directory; `None` if it is not there.
pub fn xattr_of(fd: impl AsFd, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let fd = fd.as_fd();
    loop {
        let mut value = match rustix::fs::fgetxattr_query(fd, name) {
            Ok(size) => vec![0u8; size],
            Err(rustix::io::Errno::NODATA | rustix::io::Errno::OPNOTSUPP) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match rustix::fs::fgetxattr(fd, name, &mut value[..]) {
            Ok(size) => {
                value.truncate(size);
                return Ok(Some(value));
            }
            Err(rustix::io::Errno::RANGE) => continue,
            Err(rustix::io::Errno::NODATA) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What an open descriptor stands for.
pub fn metadata_of(fd: impl AsFd) -> io::Result<Metadata> {
    Ok(metadata_from(&rustix::fs::fstat(fd)?))
}

/// What a single name in a directory stands for; a link is not followed. The name has no slash, so it
/// cannot lead out.
pub(super) fn metadata_at(directory: BorrowedFd<'_>, name: &[u8]) -> io::Result<Metadata> {
    Ok(metadata_from(&rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?))
}

/// Change the mode of what a descriptor names, `O_PATH` included, which `fchmod` refuses: through its
/// own entry in /proc, so that no name is looked up again (fchmodat2 would need Linux 6.6).
pub(super) fn change_mode(fd: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    let name = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let mode = Mode::from_raw_mode(mode as RawMode);
    Ok(rustix::fs::chmod(name, mode)?)
}

fn metadata_from(stat: &Stat) -> Metadata {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => NodeKind::Directory,
        FileType::Symlink => NodeKind::Symlink,
        FileType::Fifo => NodeKind::Fifo,
        FileType::Socket => NodeKind::Socket,
        FileType::CharacterDevice => NodeKind::CharDevice,
        FileType::BlockDevice => NodeKind::BlockDevice,
        _ => NodeKind::File,
    };
    Metadata {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: stat.st_size as u64,
        dev: stat.st_dev,
        ino: stat.st_ino,
        links: u64::from(stat.st_nlink as u32),
        rdev: (rustix::fs::major(stat.st_rdev), rustix::fs::minor(stat.st_rdev)),
        mtime: (stat.st_mtime, stat.st_mtime_nsec as u32),
        ctime: (stat.st_ctime, stat.st_ctime_nsec as u32),
    }
}
