//! Whose a file is: what was recorded about it, else what the layers say.
//!
//! A record belongs to the inode in the overlay's upper directory, by its file handle: it survives renames
//! and further names, and a later inode with the same number does not get it. Nothing about it is kept in
//! the file, so that nothing inside the container can read, copy or forge it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use plimsoll_sys::file_handle::{FileHandle, OwnerRecords};
use plimsoll_sys::raw_stat::Shown;
use plimsoll_sys::root_dir::RootDir;
use rustix::fs::{AtFlags, OFlags, Statx, StatxFlags};
use rustix::io::Errno;

use super::caller::name_of;

/// Owners that are known without any record. Paths are relative to the image's root.
pub trait OwnersBelow: fmt::Debug + Send + Sync {
    /// Owner of what the lower layers have at a path.
    fn below(&self, path: &[u8]) -> Option<(u32, u32)>;

    /// Owner of a file that stands at a path of the upper directory and has no record.
    fn in_upper(&self, file: BorrowedFd<'_>, path: &[u8]) -> (u32, u32);

    /// Whether any file of the lower layers belongs to another user or group than 0.
    fn has_others(&self) -> bool;
}

/// What belongs to root and is no device node.
const ROOTS: Shown = Shown { uid: 0, gid: 0, device: None };

/// Records of one container while it runs.
#[derive(Debug)]
pub(super) struct Ledger {
    records: OwnerRecords,
    /// Inodes that have a record, as the container sees them: to say quickly that one has none. A number
    /// that was used again costs a closer look.
    recorded: HashSet<(u64, u64)>,
    /// Files on other mounts of the container, which never get into the layer.
    elsewhere: HashMap<(u64, FileHandle), Shown>,
    upper: RootDir,
    below: std::sync::Arc<dyn OwnersBelow>,
    others_below: bool,
    /// The mount of the container's root.
    mount: u64,
}

/// A file of the caller's, named by an `O_PATH` descriptor, with what the kernel says about it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) fd: OwnedFd,
    pub(super) stat: Statx,
}

impl Node {
    pub(super) fn of(fd: OwnedFd) -> io::Result<Node> {
        let stat = look(&fd)?;
        Ok(Node { fd, stat })
    }

    fn number(&self) -> (u64, u64) {
        (rustix::fs::makedev(self.stat.stx_dev_major, self.stat.stx_dev_minor), self.stat.stx_ino)
    }

    pub(super) fn mode(&self) -> u32 {
        u32::from(self.stat.stx_mode)
    }
}

fn look(fd: impl AsFd) -> io::Result<Statx> {
    let mask = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    Ok(rustix::fs::statx(fd, c"", AtFlags::EMPTY_PATH | AtFlags::SYMLINK_NOFOLLOW, mask)?)
}

impl Ledger {
    /// Begin with the upper directory and the root directory of the container.
    pub(super) fn new(
        upper: RootDir,
        root: &OwnedFd,
        below: std::sync::Arc<dyn OwnersBelow>,
    ) -> io::Result<Self> {
        let others_below = below.has_others();
        Ok(Ledger {
            records: OwnerRecords::new(),
            recorded: HashSet::new(),
            elsewhere: HashMap::new(),
            upper,
            below,
            others_below,
            mount: look(root)?.stx_mnt_id,
        })
    }

    pub(super) fn into_records(self) -> OwnerRecords {
        self.records
    }

    /// Whether the kernel's word about owners is true for every file there is.
    pub(super) fn is_plain(&self) -> bool {
        !self.others_below && self.recorded.is_empty() && self.elsewhere.is_empty()
    }

    /// Whose a file is, if it is not just root's.
    pub(super) fn remarkable(&self, node: &Node) -> Option<Shown> {
        let shown = match node.stat.stx_mnt_id == self.mount {
            false => {
                let handle = if self.elsewhere.is_empty() { None } else { FileHandle::of(&node.fd).ok() };
                *self.elsewhere.get(&(node.number().0, handle?))?
            }
            true if !self.others_below && !self.recorded.contains(&node.number()) => return None,
            true => self.shown(node).ok()?,
        };
        (shown != ROOTS).then_some(shown)
    }

    /// Whose a file of the root file system is.
    fn shown(&self, node: &Node) -> io::Result<Shown> {
        let path = path_of(&node.fd)?;
        let below = self.below.below(&path);
        if !self.recorded.contains(&node.number()) && below.is_none_or(|below| below == (0, 0)) {
            return Ok(ROOTS);
        }
        match self.in_upper(node, &path) {
            Ok(file) => {
                let recorded = self.records.get(&FileHandle::of(&file)?);
                Ok(recorded.copied().unwrap_or_else(|| self.unrecorded(&file, &path)))
            }
            Err(_) => {
                let (uid, gid) = below.unwrap_or((0, 0));
                Ok(Shown { uid, gid, device: None })
            }
        }
    }

    fn unrecorded(&self, file: &OwnedFd, path: &[u8]) -> Shown {
        let (uid, gid) = self.below.in_upper(file.as_fd(), path);
        Shown { uid, gid, device: None }
    }

    /// The inode of the upper directory behind a file of the container, if it is there already.
    fn in_upper(&self, node: &Node, path: &[u8]) -> io::Result<OwnedFd> {
        let file = self.upper.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0)?;
        // A rename between the two looks at it; overlayfs passes the attributes of the real inode on.
        match same_attributes(&look(&node.fd)?, &look(&file)?) {
            true => Ok(file),
            false => Err(Errno::STALE.into()),
        }
    }

    /// Record whose a file is. It must be in the upper directory, which every change of its attributes
    /// brings about. What holds without a record needs none: `chown -R root` is not worth memory.
    pub(super) fn record(&mut self, node: &Node, shown: Shown) {
        self.record_unless(node, shown, |ledger, file, path| ledger.unrecorded(file, path) == shown);
    }

    /// Record whose a file is, even if it is known without: it is about to get another path.
    pub(super) fn record_for_good(&mut self, node: &Node, shown: Shown) {
        self.record_unless(node, shown, |_, _, _| false);
    }

    /// What has no name any more gets into no layer, and is not recorded.
    fn record_unless(
        &mut self,
        node: &Node,
        shown: Shown,
        needless: impl Fn(&Ledger, &OwnedFd, &[u8]) -> bool,
    ) {
        const RACES: usize = 8;
        if node.stat.stx_mnt_id != self.mount {
            if let Ok(handle) = FileHandle::of(&node.fd) {
                self.elsewhere.insert((node.number().0, handle), shown);
            }
            return;
        }
        for _ in 0..RACES {
            let found = path_of(&node.fd).and_then(|path| Ok((self.in_upper(node, &path)?, path)));
            match found {
                Ok((file, path)) => {
                    let Ok(handle) = FileHandle::of(&file) else { return };
                    return match needless(self, &file, &path) {
                        true => drop(self.records.remove(&handle)),
                        false => self.keep(node, handle, shown),
                    };
                }
                Err(error) if Errno::from_io_error(&error) == Some(Errno::STALE) => {}
                Err(_) => return,
            }
        }
    }

    fn keep(&mut self, node: &Node, handle: FileHandle, shown: Shown) {
        self.records.insert(handle, shown);
        self.recorded.insert(node.number());
    }

    /// Whose a file made at this path is without a record; `None` where the question does not arise.
    pub(super) fn below(&self, directory: &Node, name: &[u8]) -> Option<(u32, u32)> {
        if !self.others_below || directory.stat.stx_mnt_id != self.mount {
            return None;
        }
        let mut path = path_of(&directory.fd).ok()?;
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend(name);
        self.below.below(&path)
    }
}

/// Path of a file of the root file system, without the leading slash.
fn path_of(fd: &OwnedFd) -> io::Result<Vec<u8>> {
    Ok(name_of(fd)?.strip_prefix(b"/").ok_or(Errno::NOENT)?.to_vec())
}

fn same_attributes(a: &Statx, b: &Statx) -> bool {
    let of = |stat: &Statx| {
        let time = (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec);
        (stat.stx_mode, time, stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec)
    };
    of(a) == of(b)
}
