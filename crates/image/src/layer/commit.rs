//! What a container wrote becomes a layer: overlay's upper directory, packed and kept.
//!
//! A directory stands in the layer if it is new, if its attributes changed, or if something below it
//! did; a directory whose only change is its time does not. So the digest does not depend on mount
//! points made and removed, nor on files a step made and removed again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir, metadata_of, xattrs_of};
use rustix::fs::OFlags;

use super::CommittedLayer;
use super::assembly::Finished;
use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::layered::LayeredTree;
use super::overlay::{belongs_to_image, foreign_feature, is_opaque};
use super::tar_writer;
use crate::error::{AtFile as _, Error, Result};
use crate::path;
use crate::store::Store;

/// Where the owners of what was written come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// From the files: real root, or a user namespace with a range of ids.
    OnDisk,
    /// One id owns every file on disk: what existed keeps the owner of the layer below, what is new
    /// belongs to the user the step ran as.
    Single {
        /// User of the step.
        uid: u32,
        /// Group of the step.
        gid: u32,
    },
}

/// How an upper directory is read.
#[derive(Debug, Clone, Copy)]
pub struct CommitRules<'a> {
    /// No time in the layer is later than this (seconds since 1970).
    pub epoch: u64,
    /// Where owners come from.
    pub owners: Owners,
    /// Paths (clean, relative) that exist only because something was mounted there: left out while
    /// they are an empty file or an empty directory.
    pub mount_points: &'a [Vec<u8>],
}

impl Store {
    /// Make a layer of what a container wrote over `lower`. The upper directory is moved into the
    /// store. `None` if nothing was changed. The overlay must not be mounted any more.
    pub fn commit_upper(
        &self,
        upper: &Path,
        lower: &LayeredTree,
        rules: &CommitRules<'_>,
    ) -> Result<Option<CommittedLayer>> {
        let root = RootDir::open(upper).at("open", upper)?;
        let mut survey = Survey {
            root: &root,
            upper,
            lower,
            epoch: i64::try_from(rules.epoch).unwrap_or(i64::MAX),
            owners: rules.owners,
            mount_points: rules.mount_points.iter().map(Vec::as_slice).collect(),
            names: BTreeMap::new(),
            entries: Vec::new(),
        };
        survey.directory(b"")?;
        let mut index = LayerIndex { entries: survey.entries };
        if index.entries.is_empty() {
            return Ok(None);
        }
        let layer = tar_writer::pack(self, &root, &mut index)?;
        set_times(&root, upper, &index)?;
        let temporary = self.temporary_directory()?;
        let target = temporary.path().join("fs");
        std::fs::rename(upper, &target).at("move", upper)?;
        let fs = RootDir::open(&target).at("open", &target)?;
        fs.set_mode("", 0o755).at("set the mode of", &target)?;
        Finished { temporary, fs, index }.install(self, &layer.diff_id)?;
        Ok(Some(layer))
    }
}

/// Times in the unpacked layer are those of the packed one, so that the next step sees the same
/// whether the layer was built here or pulled. Directories last: work below them changes theirs.
fn set_times(root: &RootDir, upper: &Path, index: &LayerIndex) -> Result<()> {
    let there = index.entries.iter().rev().filter(|entry| entry.kind != EntryKind::Whiteout);
    for entry in there {
        root.set_mtime(&entry.path, entry.mtime).at("set the time of", upper)?;
    }
    root.set_mtime("", 0).at("set the time of", upper)
}

/// The walk over an upper directory.
struct Survey<'a> {
    root: &'a RootDir,
    upper: &'a Path,
    lower: &'a LayeredTree,
    epoch: i64,
    owners: Owners,
    mount_points: BTreeSet<&'a [u8]>,
    /// First names of files that have several.
    names: BTreeMap<(u64, u64), Vec<u8>>,
    entries: Vec<IndexEntry>,
}

impl Survey<'_> {
    /// Record everything below a directory.
    fn directory(&mut self, parent: &[u8]) -> Result<()> {
        let shown = || self.upper.join(String::from_utf8_lossy(parent).as_ref());
        let names = self.root.list(parent).at("read", shown())?;
        let mut paths: Vec<Vec<u8>> = names.iter().map(|name| path::join(parent, name)).collect();
        paths.sort_by(|a, b| path::walk_order(a, b));
        paths.into_iter().try_for_each(|path| self.node(path))
    }

    fn node(&mut self, path: Vec<u8>) -> Result<()> {
        let host = self.upper.join(String::from_utf8_lossy(&path).as_ref());
        let metadata = self.root.metadata(&path).at("look at", &host)?;
        match metadata.kind {
            NodeKind::Socket => self.root.unlink(&path).at("remove", &host),
            NodeKind::Directory => self.subdirectory(path, &metadata, &host),
            NodeKind::File if metadata.size == 0 && self.is_mount_point(&path) => {
                self.root.unlink(&path).at("remove", &host)
            }
            NodeKind::CharDevice if metadata.rdev == (0, 0) => {
                let entry = IndexEntry { mode: 0, uid: 0, gid: 0, mtime: 0, ..self.entry(path, &metadata) };
                self.entries.push(IndexEntry { kind: EntryKind::Whiteout, ..entry });
                Ok(())
            }
            _ => self.leaf(path, &metadata, &host),
        }
    }

    fn is_mount_point(&self, path: &[u8]) -> bool {
        self.mount_points.contains(path) && self.lower.get(path).is_none()
    }

    fn subdirectory(&mut self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<()> {
        let fd = self.root.open_with(&path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW, 0);
        let attributes = fd.and_then(xattrs_of).at("read the attributes of", host)?;
        if let Some(feature) = foreign_feature(&attributes) {
            let why = format!("uses overlay's {feature}, which cannot be packed");
            return Err(Error::path(&path, why));
        }
        let opaque = is_opaque(&attributes);
        let mut entry = self.entry(path.clone(), metadata);
        entry.kind = EntryKind::Directory { opaque, implied: false };
        entry.xattrs = attributes.into_iter().filter(|(name, _)| belongs_to_image(name)).collect();
        let below = self.lower.get(&path).map(|(below, _)| below);
        let below = below.filter(|below| matches!(below.kind, EntryKind::Directory { .. }));
        let changed = below.is_none_or(|below| {
            opaque
                || (below.mode, below.uid, below.gid, &below.xattrs)
                    != (entry.mode, entry.uid, entry.gid, &entry.xattrs)
        });
        if let (Some(below), false) = (below, changed) {
            entry.mtime = below.mtime.clamp(0, self.epoch);
        }
        let position = self.entries.len();
        self.entries.push(entry);
        self.directory(&path)?;
        let empty = self.entries.len() == position + 1;
        if empty && (!changed || self.is_mount_point(&path)) {
            self.entries.pop();
            self.root.remove_all(&path).at("remove", host)?;
        }
        Ok(())
    }

    fn leaf(&mut self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<()> {
        let mut entry = self.entry(path.clone(), metadata);
        if metadata.kind == NodeKind::File {
            let file = self.root.open_file_no_follow(&path).at("read", host)?;
            let metadata = metadata_of(&file).at("look at", host)?;
            let attributes = xattrs_of(&file).at("read the attributes of", host)?;
            if let Some(feature) = foreign_feature(&attributes) {
                return Err(Error::path(&path, format!("uses overlay's {feature}, which cannot be packed")));
            }
            entry.xattrs = attributes.into_iter().filter(|(name, _)| belongs_to_image(name)).collect();
            let link_of = match metadata.links > 1 {
                true => self.names.get(&(metadata.dev, metadata.ino)).cloned(),
                false => None,
            };
            if metadata.links > 1 && link_of.is_none() {
                self.names.insert((metadata.dev, metadata.ino), path.clone());
            }
            // The digest is set when the file is packed.
            entry.kind = EntryKind::File { size: metadata.size, digest: Digest::of(b""), link_of };
        } else if metadata.kind == NodeKind::Symlink {
            entry.kind = EntryKind::Symlink(self.root.read_link(&path).at("read", host)?);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// An entry with the attributes found; the kind of a plain node.
    fn entry(&self, path: Vec<u8>, metadata: &Metadata) -> IndexEntry {
        let kind = match metadata.kind {
            NodeKind::CharDevice | NodeKind::BlockDevice => EntryKind::Device {
                block: metadata.kind == NodeKind::BlockDevice,
                major: metadata.rdev.0,
                minor: metadata.rdev.1,
            },
            _ => EntryKind::Fifo,
        };
        let (uid, gid) = match self.owners {
            Owners::OnDisk => (metadata.uid, metadata.gid),
            Owners::Single { uid, gid } => {
                self.lower.get(&path).map_or((uid, gid), |(below, _)| (below.uid, below.gid))
            }
        };
        let mode = if metadata.kind == NodeKind::Symlink { 0o777 } else { metadata.mode };
        let mtime = metadata.mtime.0.clamp(0, self.epoch);
        IndexEntry { path, kind, mode, uid, gid, mtime, xattrs: Vec::new() }
    }
}
