//! Find or create a path inside a root, by descriptors. A path string is never walked twice: what is
//! mounted on is what was looked at (CVE-2021-30465).

use std::ffi::CString;
use std::os::fd::{BorrowedFd, OwnedFd};

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

/// The target as an `O_PATH` descriptor, created with its parents if missing. Allocates nothing.
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

fn create(root: BorrowedFd<'_>, path: &TargetPath, kind: TargetKind, mode: u32) -> Result<OwnedFd, Errno> {
    let mut parent = open(root, c".", path.follow, true)?;
    let count = path.names.len();
    for (at, (name, prefix)) in path.names.iter().zip(&path.prefixes).enumerate() {
        let is_last = at + 1 == count;
        let directory = !is_last || kind == TargetKind::Directory;
        let next = match open(root, prefix, path.follow, directory) {
            Err(Errno::NOENT) => {
                make(&parent, name, directory, if is_last { mode } else { 0o755 })?;
                open(root, prefix, path.follow, directory)?
            }
            result => result?,
        };
        parent = next;
    }
    Ok(parent)
}

fn make(parent: &OwnedFd, name: &std::ffi::CStr, directory: bool, mode: u32) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(mode);
    if directory {
        return rustix::fs::mkdirat(parent, name, mode);
    }
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, mode).map(drop)
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

/// What stands at a path on which no link is followed, as an `O_PATH` descriptor. Allocates nothing.
pub(super) fn open_strict(root: BorrowedFd<'_>, path: &std::ffi::CStr) -> Result<OwnedFd, Errno> {
    open(root, path, false, false)
}
