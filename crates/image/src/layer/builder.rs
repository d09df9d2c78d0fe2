//! A layer made file by file, for COPY, ADD and WORKDIR: no container, no mount.

use std::collections::BTreeMap;
use std::io::Read;

use plimsoll_model::Digest;

use super::CommittedLayer;
use super::assembly::Assembly;
use super::index::{EntryKind, IndexEntry};
use super::layered::LayeredTree;
use super::overlay::belongs_to_image;
use super::tar_reader::{TarEntry, TarKind, TarReader};
use super::tar_writer;
use super::unpack::{ENTRY_LIMIT, check_entry, refuse, tar_error};
use super::unpacked::UnpackedTree;
use crate::compression;
use crate::error::{Error, Result, reason};
use crate::path::{self, Met};
use crate::store::Store;
use crate::tree::{ByPath, Content, Filter, SourceEntry, SourceKind, SourceTree, Visited};

/// User and group of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Owner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

/// Mode, owner and time of a new entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub owner: Owner,
    /// Seconds since 1970, cut to the layer's epoch; `None` is the epoch itself.
    pub mtime: Option<i64>,
}

/// What `--chmod` asks for: the new mode from the old one; the flag says whether it is a directory.
pub type ModeRule<'a> = &'a dyn Fn(u32, bool) -> u32;

/// How a tree is copied.
#[derive(Clone, Copy)]
pub struct CopyRules<'a> {
    /// Owner of everything copied and of the parents made for it; `None` keeps the source's (parents
    /// then belong to root).
    pub owner: Option<Owner>,
    /// New modes; `None` keeps the source's.
    pub mode: Option<ModeRule<'a>>,
    /// Whether a path of the source is left out (`.dockerignore`, `--exclude`). The flag says whether
    /// it is a directory.
    pub excluded: &'a dyn Fn(&[u8], bool) -> bool,
    /// Whether something below an excluded directory may still be wanted.
    pub enter: &'a dyn Fn(&[u8]) -> bool,
}

impl CopyRules<'_> {
    /// Everything, as it is.
    pub const AS_IS: CopyRules<'static> =
        CopyRules { owner: None, mode: None, excluded: Filter::ALL.excluded, enter: Filter::ALL.enter };

    fn filter(&self) -> Filter<'_> {
        Filter { excluded: self.excluded, enter: self.enter }
    }

    fn leaves_out(&self, path: &[u8], directory: bool) -> bool {
        self.filter().leaves_out(path, directory)
    }
}

/// A layer being made on top of others. Paths are bytes; links in the parents of a path (of this
/// layer and of those below) are followed inside the image.
#[derive(Debug)]
pub struct LayerBuilder<'a> {
    store: Store,
    lower: &'a LayeredTree,
    epoch: i64,
    assembly: Assembly,
    /// Files copied that have more names in the source, by their link group.
    copied_links: BTreeMap<(u64, u64), Vec<u8>>,
    /// Mode of directories that are made because something below them is put.
    parent_mode: u32,
    /// What tells the step this layer is made for from others, whatever files it has.
    step: Option<Digest>,
}

impl<'a> LayerBuilder<'a> {
    /// Begin a layer. No time in it will be later than `epoch` (seconds since 1970).
    pub fn new(store: &Store, lower: &'a LayeredTree, epoch: u64) -> Result<Self> {
        Ok(LayerBuilder {
            store: store.clone(),
            lower,
            epoch: i64::try_from(epoch).unwrap_or(i64::MAX),
            assembly: Assembly::new(store)?,
            copied_links: BTreeMap::new(),
            parent_mode: 0o755,
            step: None,
        })
    }

    /// Name the step this layer is made for, by what stays the same when its files change: what the
    /// last layer made for it has packed is taken over. The layer's bytes do not depend on it.
    pub fn made_for(&mut self, step: Digest) {
        self.step = Some(step);
    }

    /// Give missing parents this mode instead of 0755.
    pub fn make_parents_with(&mut self, mode: u32) {
        self.parent_mode = mode;
    }

    /// What stands at a real path, in this layer or below.
    fn get(&self, real: &[u8]) -> Option<&IndexEntry> {
        self.assembly.get(real).or_else(|| Some(self.lower.get(real)?.0))
    }

    fn follow(&self, path: &[u8], last: bool) -> Result<Vec<u8>> {
        let look = |at: &[u8]| -> Result<Met> {
            Ok(match self.get(at).map(|entry| &entry.kind) {
                Some(EntryKind::Symlink(target)) => Met::Link(target.clone()),
                _ => Met::Other,
            })
        };
        path::follow(path, last, look)?.ok_or_else(|| Error::link_loop(path))
    }

    /// The real path a destination means, all links followed, also the last one; what does not exist
    /// is taken as written.
    pub fn resolve(&self, path: &[u8]) -> Result<Vec<u8>> {
        self.follow(path, true)
    }

    /// Whether a directory stands at the real path.
    pub fn is_directory(&self, real: &[u8]) -> bool {
        self.get(real).is_some_and(|entry| matches!(entry.kind, EntryKind::Directory { .. }))
    }

    /// Whether anything stands at the real path.
    pub fn exists(&self, real: &[u8]) -> bool {
        self.get(real).is_some()
    }

    /// Make a directory and its missing parents (0755, same owner). One that exists, here or below,
    /// keeps its attributes and is not recorded.
    pub fn make_directory(&mut self, path: &[u8], meta: Meta) -> Result<()> {
        let real = self.follow(path, true)?;
        match self.is_directory(&real) {
            true => Ok(()),
            false => self.add_directory(&real, meta),
        }
    }

    /// Put a directory; one that exists gets these attributes.
    pub fn add_directory(&mut self, path: &[u8], meta: Meta) -> Result<()> {
        self.put_directory(path, meta, Vec::new())
    }

    fn put_directory(&mut self, path: &[u8], meta: Meta, xattrs: Vec<(Vec<u8>, Vec<u8>)>) -> Result<()> {
        let real = self.follow(path, true)?;
        self.make_parents(&real, meta.owner)?;
        if self.exists(&real) && !self.is_directory(&real) {
            return Err(Error::path(&real, "is no directory, and a directory shall be put there"));
        }
        let kind = EntryKind::Directory { opaque: false, implied: false };
        self.assembly.put_directory(IndexEntry { xattrs, ..self.entry(real, kind, meta) })
    }

    /// Put a directory like one of a source; one that exists gets these attributes.
    pub fn add_directory_like(
        &mut self,
        path: &[u8],
        like: &SourceEntry,
        rules: &CopyRules<'_>,
    ) -> Result<()> {
        self.put_directory(path, copied_meta(like, rules), like.xattrs.clone())
    }

    /// Make a directory like one of a source, unless there is one.
    pub fn make_directory_like(
        &mut self,
        path: &[u8],
        like: &SourceEntry,
        rules: &CopyRules<'_>,
    ) -> Result<()> {
        let real = self.follow(path, true)?;
        match self.is_directory(&real) {
            true => Ok(()),
            false => self.add_directory_like(&real, like, rules),
        }
    }

    /// Put a file, replacing a file or link of that name. A directory of that name is an error.
    pub fn add_file(&mut self, path: &[u8], content: impl Read, meta: Meta) -> Result<()> {
        let real = self.make_way(path, meta.owner)?;
        self.put_file(real, content, meta, Vec::new())
    }

    /// Put a symbolic link.
    pub fn add_symlink(&mut self, path: &[u8], target: &[u8], owner: Owner) -> Result<()> {
        let real = self.make_way(path, owner)?;
        let meta = Meta { mode: 0o777, owner, mtime: None };
        let entry = self.entry(real, EntryKind::Symlink(target.to_vec()), meta);
        self.assembly.put_special(entry)
    }

    /// Give a file of this layer a second name.
    pub fn add_hard_link(&mut self, path: &[u8], existing: &[u8]) -> Result<()> {
        let existing = self.follow(existing, false)?;
        let real = self.make_way(path, Owner::default())?;
        match self.assembly.put_hard_link(&existing, &real)? {
            true => Ok(()),
            false => Err(Error::path(&existing, "is no file of this layer, so it cannot get a second name")),
        }
    }

    fn put_file(
        &mut self,
        real: Vec<u8>,
        mut content: impl Read,
        meta: Meta,
        xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> Result<()> {
        let kind = EntryKind::File { size: 0, digest: Digest::of(b""), link_of: None };
        let entry = IndexEntry { xattrs, ..self.entry(real, kind, meta) };
        self.assembly.put_file(entry, &mut content)
    }

    fn entry(&self, path: Vec<u8>, kind: EntryKind, meta: Meta) -> IndexEntry {
        let Meta { mode, owner: Owner { uid, gid }, mtime } = meta;
        let mtime = mtime.map_or(self.epoch, |mtime| mtime.clamp(0, self.epoch));
        IndexEntry { path, kind, mode: mode & 0o7777, uid, gid, mtime, xattrs: Vec::new() }
    }

    /// The real path of a new entry that is no directory, with its parents made.
    fn make_way(&mut self, path: &[u8], owner: Owner) -> Result<Vec<u8>> {
        let real = self.follow(path, false)?;
        if real.is_empty() || self.is_directory(&real) {
            return Err(Error::path(&real, "is a directory, and something else shall be put there"));
        }
        self.make_parents(&real, owner)?;
        Ok(real)
    }

    /// Every layer names the directories above its entries, with the attributes they have below, so
    /// that a layer means the same wherever it is unpacked.
    fn make_parents(&mut self, real: &[u8], owner: Owner) -> Result<()> {
        let ends: Vec<usize> =
            real.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at).collect();
        for end in ends {
            let parent = &real[..end];
            if self.assembly.get(parent).is_some_and(|own| matches!(own.kind, EntryKind::Directory { .. })) {
                continue;
            }
            let entry = match self.get(parent) {
                None => {
                    let meta = Meta { mode: self.parent_mode, owner, mtime: None };
                    let kind = EntryKind::Directory { opaque: false, implied: false };
                    self.entry(parent.to_vec(), kind, meta)
                }
                Some(below) if matches!(below.kind, EntryKind::Directory { .. }) => IndexEntry {
                    kind: EntryKind::Directory { opaque: false, implied: false },
                    mtime: below.mtime.clamp(0, self.epoch),
                    ..below.clone()
                },
                Some(_) => {
                    return Err(Error::path(parent, "is no directory, so nothing can be put below it"));
                }
            };
            self.assembly.put_directory(entry)?;
        }
        Ok(())
    }

    /// Copy what stands at `from` of a source to `to`: a directory's contents into the directory `to`,
    /// anything else as `to` itself (a link is copied as a link; resolve `from` first to follow it).
    /// Links at `to` are followed. Sockets are left out. Returns the number of entries copied.
    pub fn add_tree(
        &mut self,
        source: &dyn SourceTree,
        from: &[u8],
        to: &[u8],
        rules: &CopyRules<'_>,
    ) -> Result<usize> {
        let missing = || Error::path(from, "does not exist");
        let top = source.entry(from)?.ok_or_else(missing)?;
        let to = self.follow(to, true)?;
        if top.kind != SourceKind::Directory {
            let excluded = rules.leaves_out(from, false);
            let content = &ByPath { tree: source, path: from };
            return if excluded { Ok(0) } else { self.copy_leaf(top, content, &to, rules) };
        }
        if !rules.leaves_out(from, true) {
            self.make_directory_like(&to, &top, rules)?;
        }
        let mut copied = 0;
        source.visit(from, rules.filter(), &mut |visited| {
            if visited.path != from {
                copied += self.copy_below(visited, from, &to, rules)?;
            }
            Ok(())
        })?;
        Ok(copied)
    }

    fn copy_below(
        &mut self,
        visited: Visited<'_>,
        from: &[u8],
        to: &[u8],
        rules: &CopyRules<'_>,
    ) -> Result<usize> {
        let below = visited.path.strip_prefix(from).unwrap_or(visited.path);
        let to = path::join(to, below.strip_prefix(b"/").unwrap_or(below));
        if visited.entry.kind == SourceKind::Directory {
            self.add_directory_like(&to, &visited.entry, rules)?;
            return Ok(1);
        }
        self.copy_leaf(visited.entry, visited.content, &to, rules)
    }

    fn copy_leaf(
        &mut self,
        entry: SourceEntry,
        content: &dyn Content,
        to: &[u8],
        rules: &CopyRules<'_>,
    ) -> Result<usize> {
        if entry.kind == SourceKind::Socket {
            return Ok(0);
        }
        let real = self.make_way(to, rules.owner.unwrap_or_default())?;
        let meta = copied_meta(&entry, rules);
        let kind = match entry.kind {
            SourceKind::File { .. } => {
                let first = entry.link_group.and_then(|group| self.copied_links.get(&group).cloned());
                if let Some(first) = first
                    && self.still_holds(&first, content)?
                    && self.assembly.put_hard_link(&first, &real)?
                {
                    return Ok(1);
                }
                self.copied_links.extend(entry.link_group.map(|group| (group, real.clone())));
                self.put_file(real, content.open()?, meta, entry.xattrs)?;
                return Ok(1);
            }
            SourceKind::Symlink(target) => EntryKind::Symlink(target),
            SourceKind::Device { block, major, minor } => EntryKind::Device { block, major, minor },
            _ => EntryKind::Fifo,
        };
        let mode = if matches!(kind, EntryKind::Symlink(_)) { 0o777 } else { meta.mode };
        let entry = self.entry(real, kind, Meta { mode, ..meta });
        self.assembly.put_special(entry)?;
        Ok(1)
    }

    /// Whether a copied file is still what was copied there, not something put over it since.
    fn still_holds(&self, copied: &[u8], content: &dyn Content) -> Result<bool> {
        match self.assembly.get(copied).map(|entry| &entry.kind) {
            Some(EntryKind::File { digest, .. }) => Ok(*digest == content.digest()?),
            _ => Ok(false),
        }
    }

    /// Unpack a tar archive (plain, gzip, bzip2, xz or zstd) below a directory, as ADD does. `owner` replaces the
    /// archive's owners. Returns the number of entries.
    pub fn add_archive(&mut self, archive: impl Read, to: &[u8], owner: Option<Owner>) -> Result<usize> {
        let what = "the archive";
        let refused = |error| Error::Refused { what: what.to_string(), why: reason(&error) };
        let (_, plain) = compression::decoder(archive).map_err(refused)?;
        let mut reader = TarReader::new(plain);
        let to = self.follow(to, true)?;
        let mut count = 0;
        while let Some(entry) = reader.next().map_err(|error| tar_error(what, error))? {
            check_entry(what, &entry)?;
            if count == ENTRY_LIMIT {
                return Err(refuse(what, &entry.path, format!("is one of more than {ENTRY_LIMIT}")));
            }
            count += 1;
            self.add_archived(entry, &to, owner, &mut reader)?;
        }
        Ok(count)
    }

    fn add_archived<R: Read>(
        &mut self,
        tar: TarEntry,
        to: &[u8],
        owner: Option<Owner>,
        reader: &mut TarReader<R>,
    ) -> Result<()> {
        let at = path::join(to, &path::clean(&tar.path));
        let owner = owner.unwrap_or(Owner { uid: tar.uid, gid: tar.gid });
        let meta = Meta { mode: tar.mode, owner, mtime: Some(tar.mtime) };
        let xattrs: Vec<_> = tar.xattrs.into_iter().filter(|(name, _)| belongs_to_image(name)).collect();
        let kind = match tar.kind {
            TarKind::Directory if at == to => return self.make_directory(&at, meta),
            TarKind::Directory => return self.put_directory(&at, meta, xattrs),
            TarKind::HardLink => return self.add_hard_link(&at, &path::join(to, &path::clean(&tar.link))),
            TarKind::File => {
                let real = self.make_way(&at, Owner::default())?;
                return self.put_file(real, reader.data(), meta, xattrs);
            }
            TarKind::Symlink => EntryKind::Symlink(tar.link),
            TarKind::Fifo => EntryKind::Fifo,
            TarKind::Device { block, major, minor } => EntryKind::Device { block, major, minor },
        };
        let real = self.make_way(&at, Owner::default())?;
        let entry = self.entry(real, kind, meta);
        self.assembly.put_special(entry)
    }

    /// The files themselves, for as long as the value lives; no layer is made of them.
    pub fn finish_unpacked(self) -> Result<UnpackedTree> {
        Ok(UnpackedTree::new(self.assembly.finish()?))
    }

    /// Pack the layer and put it into the store, unpacked as well. `None` if nothing was added.
    pub fn finish(self) -> Result<Option<CommittedLayer>> {
        if self.assembly.len() == 0 {
            return Ok(None);
        }
        let mut finished = self.assembly.finish()?;
        let layer = match &self.step {
            Some(step) => tar_writer::pack_like_before(&self.store, &finished.fs, &mut finished.index, step)?,
            None => tar_writer::pack(&self.store, &finished.fs, &mut finished.index)?,
        };
        finished.install(&self.store, &layer.diff_id)?;
        Ok(Some(layer))
    }
}

fn copied_meta(entry: &SourceEntry, rules: &CopyRules<'_>) -> Meta {
    let directory = entry.kind == SourceKind::Directory;
    let mode = rules.mode.map_or(entry.mode, |rule| rule(entry.mode, directory));
    let owner = rules.owner.unwrap_or(Owner { uid: entry.uid, gid: entry.gid });
    Meta { mode, owner, mtime: entry.mtime }
}
