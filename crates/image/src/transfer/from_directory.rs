//! A directory of the host or of a container is sent, as it is at this moment.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::os::fd::AsFd;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir, metadata_of, xattrs_of};
use rustix::fs::{FsWord, OFlags};

use super::{Receiver, Selection};
use crate::error::{Error, Result};
use crate::layer::{EntryKind, IndexEntry, belongs_to_image};
use crate::path;

/// Send what stands at a path below a root, and what is below it, in walk order. Sockets are left out. Of the
/// kernel's own file systems (`/proc`, `/sys`) that lie below only the directory is sent.
pub fn send_directory(root: &RootDir, what: Selection<'_>, to: &mut dyn Receiver) -> Result<()> {
    let mut walk = Walk { root, what, to, first_names: BTreeMap::new() };
    let failed = |error| unreadable(what.from, error);
    let top = root.open_with(what.from, OFlags::PATH | OFlags::NOFOLLOW, 0).map_err(failed)?;
    if is_kernels_own(&top) {
        return Err(Error::path(
            what.from,
            "is no file: the kernel makes it up while it is read, as cat can do",
        ));
    }
    let top = metadata_of(&top).map_err(failed)?;
    if top.kind == NodeKind::Directory {
        return walk.tree(&top);
    }
    walk.leaf(what.from, &top)
}

fn unreadable(path: &[u8], error: io::Error) -> Error {
    Error::file("read", path::display(path), error)
}

struct Walk<'a> {
    root: &'a RootDir,
    what: Selection<'a>,
    to: &'a mut dyn Receiver,
    /// First names of files that have several, as they are sent.
    first_names: BTreeMap<(u64, u64), Vec<u8>>,
}

impl Walk<'_> {
    fn tree(&mut self, top: &Metadata) -> Result<()> {
        let from = self.what.from.to_vec();
        let names = self.directory(&from, top.dev, !self.what.only_content)?;
        // What waits, the next last; with the device of the directory it stands in.
        let mut waiting = vec![(names, from, top.dev)];
        while let Some((names, directory, device)) = waiting.last_mut() {
            let Some(name) = names.pop() else {
                waiting.pop();
                continue;
            };
            let (path, device) = (path::join(directory, &name), *device);
            let metadata = match self.root.metadata(&path) {
                // Removed while we look.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                found => found.map_err(|error| unreadable(&path, error))?,
            };
            match metadata.kind {
                NodeKind::Directory => {
                    let below = self.directory(&path, device, true)?;
                    waiting.push((below, path, metadata.dev));
                }
                _ => self.leaf(&path, &metadata)?,
            }
        }
        Ok(())
    }

    /// Send a directory; gives the names in it, the first one last.
    fn directory(&mut self, path: &[u8], above: u64, send: bool) -> Result<Vec<Vec<u8>>> {
        let dir = match self.root.subdir_no_follow(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            dir => dir.map_err(|error| unreadable(path, error))?,
        };
        let metadata = metadata_of(&dir).map_err(|error| unreadable(path, error))?;
        if send {
            let xattrs = attributes(&dir, path)?;
            let kind = EntryKind::Directory { opaque: false, implied: false };
            self.to.take(&self.entry(path, kind, &metadata, xattrs), &mut io::empty())?;
        }
        if metadata.dev != above && is_kernels_own(&dir) {
            return Ok(Vec::new());
        }
        let mut names = dir.names().map_err(|error| unreadable(path, error))?;
        names.reverse();
        Ok(names)
    }

    fn leaf(&mut self, path: &[u8], metadata: &Metadata) -> Result<()> {
        let (major, minor) = metadata.rdev;
        let kind = match metadata.kind {
            NodeKind::File => return self.file(path),
            NodeKind::Symlink => {
                EntryKind::Symlink(self.root.read_link(path).map_err(|error| unreadable(path, error))?)
            }
            NodeKind::Fifo => EntryKind::Fifo,
            NodeKind::CharDevice => EntryKind::Device { block: false, major, minor },
            NodeKind::BlockDevice => EntryKind::Device { block: true, major, minor },
            NodeKind::Socket | NodeKind::Directory => return Ok(()),
        };
        self.to.take(&self.entry(path, kind, metadata, Vec::new()), &mut io::empty())
    }

    fn file(&mut self, path: &[u8]) -> Result<()> {
        let file = match self.root.open_file_no_follow(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file.map_err(|error| unreadable(path, error))?,
        };
        let metadata = metadata_of(&file).map_err(|error| unreadable(path, error))?;
        let xattrs = attributes(&file, path)?;
        let node = (metadata.dev, metadata.ino);
        let link_of = self.first_names.get(&node).filter(|_| metadata.links > 1).cloned();
        if metadata.links > 1 && link_of.is_none() {
            self.first_names.insert(node, self.what.name_of(path));
        }
        let kind = EntryKind::File { size: metadata.size, digest: Digest::of(b""), link_of };
        let entry = self.entry(path, kind, &metadata, xattrs);
        self.to.take(&entry, &mut file.take(metadata.size))
    }

    fn entry(
        &self,
        path: &[u8],
        kind: EntryKind,
        metadata: &Metadata,
        xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> IndexEntry {
        let mode = if metadata.kind == NodeKind::Symlink { 0o777 } else { metadata.mode };
        let (uid, gid, mtime) = (metadata.uid, metadata.gid, metadata.mtime.0);
        IndexEntry { path: self.what.name_of(path), kind, mode, uid, gid, mtime, xattrs }
    }
}

fn attributes(fd: impl AsFd, path: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut xattrs = xattrs_of(fd).map_err(|error| unreadable(path, error))?;
    xattrs.retain(|(name, _)| belongs_to_image(name));
    Ok(xattrs)
}

/// File systems that show the kernel, not files (linux/magic.h). A walk of them may not even end.
fn is_kernels_own(file: impl AsFd) -> bool {
    const PROC: FsWord = 0x9fa0;
    const SYSFS: FsWord = 0x6265_6572;
    const CGROUP: FsWord = 0x0027_e0eb;
    const CGROUP2: FsWord = 0x6367_7270;
    rustix::fs::fstatfs(file).is_ok_and(|fs| [PROC, SYSFS, CGROUP, CGROUP2].contains(&fs.f_type))
}
