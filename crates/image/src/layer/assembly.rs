//! A layer in the making: its files under `tmp`, and the index that grows with them.
//!
//! Paths given to it are real: their parents are directories of this layer. Directories stay open to
//! us (0700) until the end, when modes, times and overlay's marks are set from the index.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{NodeKind, RootDir};
use sha2::Digest as _;

use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::overlay::{AttributeSpace, WhiteoutForm};
use super::wire;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::path;
use crate::store::{Store, Temporary};

/// A path that sorts in walk order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WalkPath(pub(super) Vec<u8>);

impl Ord for WalkPath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        path::walk_order(&self.0, &other.0)
    }
}

impl PartialOrd for WalkPath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

#[derive(Debug)]
struct Node {
    entry: IndexEntry,
    /// Names with the same number are one file.
    link_group: Option<usize>,
}

/// A layer in the making.
#[derive(Debug)]
pub(super) struct Assembly {
    temporary: Temporary,
    fs: RootDir,
    space: AttributeSpace,
    nodes: BTreeMap<WalkPath, Node>,
    link_groups: usize,
    /// Directories that hold attribute whiteouts.
    announced: BTreeSet<Vec<u8>>,
    /// The directory worked in last, since neighbours come together.
    last: Option<(Vec<u8>, RootDir)>,
}

impl Assembly {
    pub(super) fn new(store: &Store) -> Result<Self> {
        let temporary = store.temporary_directory()?;
        let path = temporary.path().join("fs");
        std::fs::create_dir(&path).at("create", &path)?;
        let fs = RootDir::open(&path).at("open", &path)?;
        let space = AttributeSpace::probe(&fs);
        let nodes = BTreeMap::new();
        Ok(Assembly { temporary, fs, space, nodes, link_groups: 0, announced: BTreeSet::new(), last: None })
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&IndexEntry> {
        self.nodes.get(&WalkPath(path.to_vec())).map(|node| &node.entry)
    }

    /// The host's path of an entry, for messages.
    fn host_path(&self, path: &[u8]) -> PathBuf {
        use std::os::unix::ffi::OsStrExt as _;
        self.temporary.path().join("fs").join(std::ffi::OsStr::from_bytes(path))
    }

    /// The directory of a path, and the name in it.
    fn place<'p>(&mut self, path: &'p [u8]) -> Result<(&RootDir, &'p [u8])> {
        let parent = path::parent(path).unwrap_or_default();
        if self.last.as_ref().is_none_or(|(last, _)| last != parent) {
            let dir = self.fs.subdir(parent).at("open", self.host_path(parent))?;
            self.last = Some((parent.to_vec(), dir));
        }
        let dir = self.last.as_ref().map_or(&self.fs, |(_, dir)| dir);
        Ok((dir, path::name(path)))
    }

    /// Make way for a new entry; what this layer itself has there goes.
    fn clear(&mut self, path: &[u8]) -> Result<()> {
        let Some(old) = self.nodes.remove(&WalkPath(path.to_vec())) else { return Ok(()) };
        if matches!(old.entry.kind, EntryKind::Directory { .. }) {
            let start = WalkPath(path.to_vec());
            let below = self.nodes.range(start..).map(|(key, _)| key.clone());
            let below: Vec<_> = below.take_while(|key| path::is_below(&key.0, path)).collect();
            below.iter().for_each(|key| drop(self.nodes.remove(key)));
            self.announced.retain(|dir| dir != path && !path::is_below(dir, path));
            self.last = None;
        }
        let host = self.host_path(path);
        let (dir, name) = self.place(path)?;
        dir.remove_all(name).at("remove", host)
    }

    /// Put a directory, or give one of this layer new attributes.
    pub(super) fn put_directory(&mut self, mut entry: IndexEntry) -> Result<()> {
        let old = self.get(&entry.path).map(|old| old.kind.clone());
        match old {
            Some(EntryKind::Directory { opaque: was_opaque, .. }) => {
                if let EntryKind::Directory { opaque, .. } = &mut entry.kind {
                    *opaque |= was_opaque;
                }
            }
            _ if entry.path.is_empty() => {}
            old => {
                // A directory in place of what this layer hides starts out empty.
                if let (Some(EntryKind::Whiteout), EntryKind::Directory { opaque, .. }) =
                    (old, &mut entry.kind)
                {
                    *opaque = true;
                }
                self.clear(&entry.path)?;
                let host = self.host_path(&entry.path);
                let (dir, name) = self.place(&entry.path)?;
                dir.mkdir(name, 0o700).at("create", host)?;
            }
        }
        self.insert(entry, None);
        Ok(())
    }

    /// Put a regular file with these bytes; size and digest of the entry are set from them.
    pub(super) fn put_file(&mut self, mut entry: IndexEntry, content: &mut dyn Read) -> Result<()> {
        self.clear(&entry.path)?;
        let host = self.host_path(&entry.path);
        let (dir, name) = self.place(&entry.path)?;
        let mut file = dir.create_file(name, 0o600).at("create", &host)?;
        let mut hasher = sha2::Sha256::new();
        let mut buffer = [0u8; 64 << 10];
        let mut length = 0u64;
        loop {
            let count = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let what = path::display(&entry.path);
                    return Err(Error::BrokenStream { what, why: reason(&error) });
                }
            };
            file.write_all(&buffer[..count]).at("write", &host)?;
            hasher.update(&buffer[..count]);
            length += count as u64;
        }
        let digest = Digest::from_raw(hasher.finalize().into());
        entry.kind = EntryKind::File { size: length, digest, link_of: None };
        self.dress(&entry, Some(&file))?;
        self.insert(entry, None);
        Ok(())
    }

    /// Put a link, a fifo, a device node or a whiteout.
    pub(super) fn put_special(&mut self, entry: IndexEntry) -> Result<()> {
        if entry.kind == EntryKind::Whiteout {
            return self.put_whiteout(entry);
        }
        self.clear(&entry.path)?;
        let host = self.host_path(&entry.path);
        let (dir, name) = self.place(&entry.path)?;
        let made = match &entry.kind {
            EntryKind::Symlink(target) => dir.symlink(target, name),
            EntryKind::Fifo => dir.mknod(name, NodeKind::Fifo, 0o600, (0, 0)),
            // A real device 0:0 would be read as a whiteout.
            EntryKind::Device { major: 0, minor: 0, .. } => Err(io::ErrorKind::PermissionDenied.into()),
            EntryKind::Device { block, major, minor } => {
                let kind = if *block { NodeKind::BlockDevice } else { NodeKind::CharDevice };
                dir.mknod(name, kind, 0o600, (*major, *minor))
            }
            _ => Ok(()),
        };
        match (made, &entry.kind) {
            // A user namespace makes no devices; the index keeps the record.
            (Err(error), EntryKind::Device { .. }) if error.kind() == io::ErrorKind::PermissionDenied => {}
            (made, _) => {
                made.at("create", host)?;
                self.dress(&entry, None)?;
            }
        }
        self.insert(entry, None);
        Ok(())
    }

    /// Whiteouts hide lower layers, never what this layer brings itself (OCI image-spec, `layer.md`).
    fn put_whiteout(&mut self, entry: IndexEntry) -> Result<()> {
        let key = WalkPath(entry.path.clone());
        if let Some(node) = self.nodes.get_mut(&key) {
            if let EntryKind::Directory { opaque, .. } = &mut node.entry.kind {
                *opaque = true;
            }
            return Ok(());
        }
        let host = self.host_path(&entry.path);
        let space = self.space;
        let (dir, name) = self.place(&entry.path)?;
        let form = space.make_whiteout(dir, name).at("create", host)?;
        if form == WhiteoutForm::Attribute {
            self.announced.insert(path::parent(&entry.path).unwrap_or_default().to_vec());
        }
        self.insert(entry, None);
        Ok(())
    }

    /// Make a directory of this layer hide what lower layers have in it.
    pub(super) fn set_opaque(&mut self, path: &[u8]) {
        let node = self.nodes.get_mut(&WalkPath(path.to_vec()));
        if let Some(EntryKind::Directory { opaque, .. }) = node.map(|node| &mut node.entry.kind) {
            *opaque = true;
        }
    }

    /// Give a file of this layer a second name; `false` if there is no such file.
    pub(super) fn put_hard_link(&mut self, existing: &[u8], path: &[u8]) -> Result<bool> {
        let Some(node) = self.nodes.get(&WalkPath(existing.to_vec())) else { return Ok(false) };
        if matches!(node.entry.kind, EntryKind::Directory { .. } | EntryKind::Whiteout) {
            return Ok(false);
        }
        if existing == path {
            return Ok(true);
        }
        let mut entry = node.entry.clone();
        let group = node.link_group;
        self.clear(path)?;
        match self.fs.hard_link(existing, path) {
            // A device that could not be made has no second name either.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.at("create", self.host_path(path))?,
        }
        let group = group.unwrap_or_else(|| {
            self.link_groups += 1;
            self.link_groups
        });
        if let Some(node) = self.nodes.get_mut(&WalkPath(existing.to_vec())) {
            node.link_group = Some(group);
        }
        entry.path = path.to_vec();
        self.insert(entry, Some(group));
        Ok(true)
    }

    fn insert(&mut self, entry: IndexEntry, link_group: Option<usize>) {
        self.nodes.insert(WalkPath(entry.path.clone()), Node { entry, link_group });
    }

    /// Owner, attributes, mode and time of a new node. Owner first: it clears set-id bits and
    /// capabilities.
    fn dress(&mut self, entry: &IndexEntry, file: Option<&std::fs::File>) -> Result<()> {
        let host = self.host_path(&entry.path);
        let symlink = matches!(entry.kind, EntryKind::Symlink(_));
        let (dir, name) = self.place(&entry.path)?;
        set_owner(dir, name, entry, &host)?;
        if file.is_some() {
            set_xattrs(dir, name, entry, &host)?;
        }
        if !symlink {
            dir.set_mode(name, entry.mode).at("set the mode of", &host)?;
        }
        dir.set_mtime(name, entry.mtime).at("set the time of", &host)
    }

    /// Set what had to wait, and give the index.
    pub(super) fn finish(mut self) -> Result<Finished> {
        let directory = |node: &&Node| matches!(node.entry.kind, EntryKind::Directory { .. });
        for node in self.nodes.values().rev().filter(directory) {
            self.finish_directory(&node.entry)?;
        }
        if self.get(b"").is_none() {
            self.fs.set_mode("", 0o755).at("set the mode of", self.host_path(b""))?;
            self.fs.set_mtime("", 0).at("set the time of", self.host_path(b""))?;
        }
        let mut first_names: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        let mut entries = Vec::with_capacity(self.nodes.len());
        for node in std::mem::take(&mut self.nodes).into_values() {
            let mut entry = node.entry;
            if let (EntryKind::File { link_of, .. }, Some(group)) = (&mut entry.kind, node.link_group) {
                *link_of = first_names.get(&group).cloned();
                first_names.entry(group).or_insert_with(|| entry.path.clone());
            }
            entries.push(entry);
        }
        Ok(Finished { temporary: self.temporary, fs: self.fs, index: LayerIndex { entries } })
    }

    fn finish_directory(&self, entry: &IndexEntry) -> Result<()> {
        let host = self.host_path(&entry.path);
        let opaque = matches!(entry.kind, EntryKind::Directory { opaque: true, .. });
        if opaque {
            self.space.make_opaque(&self.fs, &entry.path).at("mark as opaque", &host)?;
        } else if self.announced.contains(&entry.path) {
            self.space.announce_whiteouts(&self.fs, &entry.path).at("mark as having whiteouts", &host)?;
        }
        set_owner(&self.fs, &entry.path, entry, &host)?;
        set_xattrs(&self.fs, &entry.path, entry, &host)?;
        self.fs.set_mode(&entry.path, entry.mode).at("set the mode of", &host)?;
        self.fs.set_mtime(&entry.path, entry.mtime).at("set the time of", &host)
    }
}

/// Ids that this user namespace does not have stay in the index only.
fn set_owner(dir: &RootDir, name: &[u8], entry: &IndexEntry, host: &Path) -> Result<()> {
    match dir.set_owner(name, entry.uid, entry.gid) {
        Err(error) if is_refused_id(&error) => Ok(()),
        result => result.at("set the owner of", host),
    }
}

fn is_refused_id(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput)
}

/// Attributes the file system or our rights refuse stay in the index only.
fn set_xattrs(dir: &RootDir, name: &[u8], entry: &IndexEntry, host: &Path) -> Result<()> {
    use io::ErrorKind as Kind;
    for (key, value) in &entry.xattrs {
        match dir.set_xattr(name, key, value) {
            Err(error) if matches!(error.kind(), Kind::StorageFull | Kind::QuotaExceeded) => {
                return Err(Error::file("write", host, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A layer whose files are complete, not yet in its place.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) temporary: Temporary,
    pub(super) fs: RootDir,
    pub(super) index: LayerIndex,
}

impl Finished {
    /// Write the index and move the layer to its place.
    pub(super) fn install(self, store: &Store, diff_id: &Digest) -> Result<PathBuf> {
        let path = self.temporary.path().join("index");
        std::fs::write(&path, wire::write(&self.index)).at("write", &path)?;
        let target = store.layer_directory(diff_id);
        self.temporary.rename_unless_there(&target)?;
        Ok(target.join("fs"))
    }
}
