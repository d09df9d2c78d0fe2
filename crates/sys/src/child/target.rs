//! Find or create a path inside a root, by descriptors. A path string is never walked twice: what is
//! mounted on is what was looked at (CVE-2021-30465).

use std::ffi::CString;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::TargetKind;

/// A path prepared for the walk in the child.
#[derive(Debug, Clone)]
pub struct TargetPath {
    /// The names of the path.
    names: Vec<CString>,
    /// The path up to each name: `a`, `a/b`, `a/b/c`.
    prefixes: Vec<CString>,
    /// Follow symbolic links inside the root; without it any link is an error.
    follow: bool,
    /// Refuse what lies in a procfs: nothing may be mounted over the kernel's view of processes.
    refuse_proc: bool,
    /// Make what is missing.
    create: bool,
}

impl TargetPath {
    /// Prepare a path. Links are followed inside the root when `follow` is set. `None` if the path
    /// contains a zero byte.
    pub fn new(path: &str, follow: bool) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let names = parts.iter().map(|part| CString::new(*part).ok()).collect::<Option<_>>()?;
        let prefixes =
            (1..=parts.len()).map(|n| CString::new(parts[..n].join("/")).ok()).collect::<Option<_>>()?;
        Some(TargetPath { names, prefixes, follow, refuse_proc: false, create: true })
    }

    /// Refuse what lies in a procfs, where a link of the image may have led.
    #[must_use]
    pub fn outside_proc(mut self) -> Self {
        self.refuse_proc = true;
        self
    }

    /// Create nothing.
    #[must_use]
    pub fn existing(mut self) -> Self {
        self.create = false;
        self
    }
}

/// `PROC_SUPER_MAGIC` (linux/magic.h).
const PROC_SUPER_MAGIC: i64 = 0x9fa0;

/// A descriptor of the target, created with its parents if missing. Allocates nothing.
pub(super) fn find_or_create(
    root: BorrowedFd<'_>,
    path: &TargetPath,
    kind: TargetKind,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    let last = path.prefixes.last();
    let whole = last.map_or(c".", |prefix| prefix.as_c_str());
    let found = match open(root, whole, path.follow, kind == TargetKind::Directory) {
        Err(Errno::NOENT) if path.create => create(root, path, kind, mode)?,
        result => result?,
    };
    if path.refuse_proc && rustix::fs::fstatfs(&found)?.f_type == PROC_SUPER_MAGIC {
        return Err(Errno::XDEV);
    }
    Ok(found)
}

/// Make the last name of a path, and the directories above it that are missing.
fn create(root: BorrowedFd<'_>, path: &TargetPath, kind: TargetKind, mode: u32) -> Result<OwnedFd, Errno> {
    let (Some(name), count) = (path.names.last(), path.names.len()) else { return Err(Errno::NOENT) };
    let directory = kind == TargetKind::Directory;
    if count == 1 {
        return make(root, name, directory, mode);
    }
    let above = path.prefixes.get(count - 2).map_or(c".", |prefix| prefix.as_c_str());
    match open(root, above, path.follow, true) {
        Err(Errno::NOENT) => {}
        parent => return make(parent?.as_fd(), name, directory, mode),
    }
    let parent = make_parents(root, path)?;
    let whole = path.prefixes.last().map_or(c".", |prefix| prefix.as_c_str());
    match open(root, whole, path.follow, directory) {
        // `a/..` is there once `a` is.
        Err(Errno::NOENT) => make(parent.as_fd(), name, directory, mode),
        found => found,
    }
}

/// The directory the last name of a path is to be made in.
fn make_parents(root: BorrowedFd<'_>, path: &TargetPath) -> Result<OwnedFd, Errno> {
    let mut parent = open(root, c".", path.follow, true)?;
    let above = path.names.len().saturating_sub(1);
    for (name, prefix) in path.names.iter().zip(&path.prefixes).take(above) {
        parent = match open(root, prefix, path.follow, true) {
            Err(Errno::NOENT) => make(parent.as_fd(), name, true, 0o755)?,
            result => result?,
        };
    }
    Ok(parent)
}

/// Make a directory or file that is not there, and open it: a single name, so that no link is walked.
fn make(parent: BorrowedFd<'_>, name: &std::ffi::CStr, directory: bool, mode: u32) -> Result<OwnedFd, Errno> {
    let mode = Mode::from_raw_mode(mode);
    if !directory {
        // Not for writing: a descriptor that is kept would keep the root from becoming read-only.
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        return rustix::fs::openat(parent, name, flags, mode);
    }
    rustix::fs::mkdirat(parent, name, mode)?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}

/// Open with `O_PATH`. Resolution that met a rename is repeated by the caller's next run only: at
/// launch nobody else is in the container.
fn open(
    root: BorrowedFd<'_>,
    path: &std::ffi::CStr,
    follow: bool,
    directory: bool,
) -> Result<OwnedFd, Errno> {
    let mut flags = OFlags::PATH | OFlags::CLOEXEC;
    let mut resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    if !follow {
        flags |= OFlags::NOFOLLOW;
        resolve |= ResolveFlags::NO_SYMLINKS;
    }
    if directory {
        flags |= OFlags::DIRECTORY;
    }
    rustix::fs::openat2(root, path, flags, Mode::empty(), resolve)
}

/// A directory at a path without any link. Allocates nothing.
pub(super) fn open_directory_strict(root: BorrowedFd<'_>, path: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    open(root, path, false, true)
}

/// What stands at a path on which no link is followed, as an `O_PATH` descriptor. Allocates nothing.
pub(super) fn open_strict(root: BorrowedFd<'_>, path: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    open(root, path, false, false)
}
