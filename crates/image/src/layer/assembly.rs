//! A layer in the making: its files under `tmp`, and the index that grows with them.
//!
//! Paths given to it are real: their parents are directories of this layer. Directories stay open to
//! us (0700) until the end, when modes, times and overlay's marks are set from the index.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write as _};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{NodeKind, RootDir};
use rustix::fs::{Gid, Mode, Timespec, Timestamps, Uid, XattrFlags};
use sha2::Digest as _;

use super::entries::Entries;
use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::overlay::{AttributeSpace, WhiteoutForm};
use super::wire;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::path;
use crate::store::{Store, Temporary};

/// A layer in the making.
#[derive(Debug)]
pub(super) struct Assembly {
    temporary: Temporary,
    fs: RootDir,
    space: AttributeSpace,
    entries: Entries,
    /// Names with the same number are one file.
    link_groups: BTreeMap<Vec<u8>, usize>,
    last_link_group: usize,
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
        Ok(Assembly {
            temporary,
            fs,
            space,
            entries: Entries::default(),
            link_groups: BTreeMap::new(),
            last_link_group: 0,
            announced: BTreeSet::new(),
            last: None,
        })
    }

    /// Number of entries.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, path: &[u8]) -> Option<&IndexEntry> {
        self.entries.get(path)
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
        let Some(old) = self.entries.remove(path) else { return Ok(()) };
        self.link_groups.remove(path);
        if matches!(old.kind, EntryKind::Directory { .. }) {
            self.entries.remove_below(path);
            self.link_groups.retain(|name, _| !path::is_below(name, path));
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
        self.entries.insert(entry);
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
        dress_file(&file, &entry, &host)?;
        self.entries.insert(entry);
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
                self.dress(&entry)?;
            }
        }
        self.entries.insert(entry);
        Ok(())
    }

    /// Whiteouts hide lower layers, never what this layer brings itself (OCI image-spec, `layer.md`).
    fn put_whiteout(&mut self, entry: IndexEntry) -> Result<()> {
        if let Some(own) = self.entries.get_mut(&entry.path) {
            if let EntryKind::Directory { opaque, .. } = &mut own.kind {
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
        self.entries.insert(entry);
        Ok(())
    }

    /// Make a directory of this layer hide what lower layers have in it.
    pub(super) fn set_opaque(&mut self, path: &[u8]) {
        let own = self.entries.get_mut(path);
        if let Some(EntryKind::Directory { opaque, .. }) = own.map(|entry| &mut entry.kind) {
            *opaque = true;
        }
    }

    /// Give a file of this layer a second name; `false` if there is no such file.
    pub(super) fn put_hard_link(&mut self, existing: &[u8], path: &[u8]) -> Result<bool> {
        let Some(own) = self.entries.get(existing) else { return Ok(false) };
        if matches!(own.kind, EntryKind::Directory { .. } | EntryKind::Whiteout) {
            return Ok(false);
        }
        if existing == path {
            return Ok(true);
        }
        let entry = IndexEntry { path: path.to_vec(), ..own.clone() };
        self.clear(path)?;
        match self.fs.hard_link(existing, path) {
            // A device that could not be made has no second name either.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.at("create", self.host_path(path))?,
        }
        self.last_link_group += 1;
        let group = *self.link_groups.entry(existing.to_vec()).or_insert(self.last_link_group);
        self.link_groups.insert(entry.path.clone(), group);
        self.entries.insert(entry);
        Ok(true)
    }

    /// Owner, mode and time of a new node that is no regular file.
    fn dress(&mut self, entry: &IndexEntry) -> Result<()> {
        let host = self.host_path(&entry.path);
        let symlink = matches!(entry.kind, EntryKind::Symlink(_));
        let (dir, name) = self.place(&entry.path)?;
        unless_refused(dir.set_owner(name, entry.uid, entry.gid)).at("set the owner of", &host)?;
        if !symlink {
            dir.set_mode(name, entry.mode).at("set the mode of", &host)?;
        }
        dir.set_mtime(name, entry.mtime).at("set the time of", &host)
    }

    /// Set what had to wait, and give the index.
    pub(super) fn finish(mut self) -> Result<Finished> {
        let mut entries = std::mem::take(&mut self.entries).into_sorted();
        let directory = |entry: &&IndexEntry| matches!(entry.kind, EntryKind::Directory { .. });
        for entry in entries.iter().rev().filter(directory) {
            self.finish_directory(entry)?;
        }
        if entries.first().is_none_or(|first| !first.path.is_empty()) {
            self.fs.set_mode("", 0o755).at("set the mode of", self.host_path(b""))?;
            self.fs.set_mtime("", 0).at("set the time of", self.host_path(b""))?;
        }
        let mut first_names: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
        for entry in entries.iter_mut().filter(|_| !self.link_groups.is_empty()) {
            if let (EntryKind::File { link_of, .. }, Some(group)) =
                (&mut entry.kind, self.link_groups.get(&entry.path))
            {
                *link_of = first_names.get(group).cloned();
                first_names.entry(*group).or_insert_with(|| entry.path.clone());
            }
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
        unless_refused(self.fs.set_owner(&entry.path, entry.uid, entry.gid)).at("set the owner of", &host)?;
        set_xattrs(entry, &host, |name, value| self.fs.set_xattr(&entry.path, name, value))?;
        self.fs.set_mode(&entry.path, entry.mode).at("set the mode of", &host)?;
        self.fs.set_mtime(&entry.path, entry.mtime).at("set the time of", &host)
    }
}

/// Owner, attributes, mode and time of a new file. Owner first: it clears set-id bits and
/// capabilities.
fn dress_file(file: &File, entry: &IndexEntry, host: &Path) -> Result<()> {
    let (uid, gid) = (Uid::from_raw(entry.uid), Gid::from_raw(entry.gid));
    let owned = rustix::fs::fchown(file, Some(uid), Some(gid));
    unless_refused(owned.map_err(io::Error::from)).at("set the owner of", host)?;
    set_xattrs(entry, host, |name, value| {
        Ok(rustix::fs::fsetxattr(file, name, value, XattrFlags::empty())?)
    })?;
    let mode = Mode::from_raw_mode(entry.mode);
    rustix::fs::fchmod(file, mode).at("set the mode of", host)?;
    let time = Timespec { tv_sec: entry.mtime, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::futimens(file, &times).at("set the time of", host)
}

/// Ids that this user namespace does not have stay in the index only.
fn unless_refused(changed: io::Result<()>) -> io::Result<()> {
    match changed {
        Err(error) if is_refused_id(&error) => Ok(()),
        result => result,
    }
}

fn is_refused_id(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput)
}

/// Attributes the file system or our rights refuse stay in the index only.
fn set_xattrs(entry: &IndexEntry, host: &Path, set: impl Fn(&[u8], &[u8]) -> io::Result<()>) -> Result<()> {
    use io::ErrorKind as Kind;
    for (name, value) in &entry.xattrs {
        match set(name, value) {
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
        let mut file = BufWriter::new(File::create(&path).at("create", &path)?);
        wire::write(&self.index, &mut file).and_then(|()| file.flush()).at("write", &path)?;
        let target = store.layer_directory(diff_id);
        self.temporary.rename_unless_there(&target)?;
        Ok(target.join("fs"))
    }
}
