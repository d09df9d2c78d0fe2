//! What lies in an upper directory, as the entries of a layer.
//!
//! A directory stands in the layer if it is new, if its attributes changed, or if something below it
//! did; a directory whose only change is its time does not. So the digest does not depend on mount
//! points made and removed, nor on files a step made and removed again.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use plimsoll_model::Digest;
use plimsoll_sys::file_handle::{FileHandle, OwnerRecords};
use plimsoll_sys::raw_stat::{Device, Shown};
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir, metadata_of, xattrs_of};
use rustix::fs::OFlags;

use super::commit::CommitRules;
use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::layered::LayeredTree;
use super::overlay::{belongs_to_image, foreign_feature, is_opaque};
use crate::error::{AtFile as _, Error, Result};
use crate::path;

/// Where the owners of what was written come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners<'a> {
    /// From the files: real root, or a user namespace with a range of ids.
    OnDisk,
    /// One id owns every file on disk: whose a file is was recorded; else what existed keeps the owner of
    /// the layer below, and what is new belongs to the user the step ran as.
    Single {
        /// User of the step.
        uid: u32,
        /// Group of the step.
        gid: u32,
        /// Owners and device nodes that the step has set, if anybody recorded them.
        records: Option<&'a OwnerRecords>,
    },
}

/// What becomes of what lies in an upper directory and is not part of the layer: sockets, unused mount points,
/// directories that are there only because a file below them was touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leftovers {
    /// It is removed: the directory becomes the unpacked layer.
    Removed,
    /// It stays: the directory is a container's, which may go on writing to it.
    Kept,
}

/// The entries of an upper directory over these layers.
pub(super) fn of_upper(
    root: &RootDir,
    upper: &Path,
    lower: &LayeredTree,
    rules: &CommitRules<'_>,
    leftovers: Leftovers,
) -> Result<LayerIndex> {
    let mut survey = Survey {
        root,
        upper,
        lower,
        epoch: i64::try_from(rules.epoch).unwrap_or(i64::MAX),
        owners: rules.owners,
        mount_points: rules.mount_points.iter().map(Vec::as_slice).collect(),
        leftovers,
        hidden: false,
        names: BTreeMap::new(),
        entries: Vec::new(),
    };
    survey.directory(b"")?;
    Ok(LayerIndex { entries: survey.entries })
}

/// The entries of a directory that lies over nothing, itself among them.
pub(super) fn of_directory(root: &RootDir, directory: &Path) -> Result<LayerIndex> {
    let mut survey = Survey {
        root,
        upper: directory,
        lower: &LayeredTree::empty(),
        epoch: i64::MAX,
        owners: Owners::OnDisk,
        mount_points: BTreeSet::new(),
        leftovers: Leftovers::Removed,
        hidden: false,
        names: BTreeMap::new(),
        entries: Vec::new(),
    };
    let metadata = metadata_of(root).at("look at", directory)?;
    let kind = EntryKind::Directory { opaque: false, implied: false };
    let top = IndexEntry { kind, ..survey.entry(Vec::new(), &metadata, directory)? };
    survey.entries.push(top);
    survey.directory(b"")?;
    Ok(LayerIndex { entries: survey.entries })
}

/// The walk over an upper directory.
struct Survey<'a> {
    root: &'a RootDir,
    upper: &'a Path,
    lower: &'a LayeredTree,
    epoch: i64,
    owners: Owners<'a>,
    mount_points: BTreeSet<&'a [u8]>,
    leftovers: Leftovers,
    /// A directory above hides the layers below: what they have at a path is not what was here before.
    hidden: bool,
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
        let metadata = match self.root.metadata(&path) {
            // A container that runs has removed it since its directory was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found.at("look at", &host)?,
        };
        let position = self.entries.len();
        match self.visit(path.clone(), &metadata, &host) {
            // Or after that.
            Err(_) if self.leftovers == Leftovers::Kept && !self.is_still(&path, &metadata) => {
                self.entries.truncate(position);
                Ok(())
            }
            done => done,
        }
    }

    /// The same thing stands at a path as before.
    fn is_still(&self, path: &[u8], before: &Metadata) -> bool {
        let now = self.root.metadata(path);
        now.is_ok_and(|now| (now.kind, now.dev, now.ino) == (before.kind, before.dev, before.ino))
    }

    fn visit(&mut self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<()> {
        match metadata.kind {
            NodeKind::Socket => self.leave_out(&path, host),
            NodeKind::Directory => self.subdirectory(path, metadata, host),
            NodeKind::File if metadata.size == 0 && self.is_mount_point(&path) => self.leave_out(&path, host),
            NodeKind::CharDevice if metadata.rdev == (0, 0) => {
                let kind = EntryKind::Whiteout;
                let entry = IndexEntry { path, kind, mode: 0, uid: 0, gid: 0, mtime: 0, xattrs: Vec::new() };
                self.entries.push(entry);
                Ok(())
            }
            _ => self.leaf(path, metadata, host),
        }
    }

    fn is_mount_point(&self, path: &[u8]) -> bool {
        self.mount_points.contains(path) && self.below(path).is_none()
    }

    /// What the layers below show at a path.
    fn below(&self, path: &[u8]) -> Option<&IndexEntry> {
        let found = self.lower.get(path).filter(|_| !self.hidden);
        found.map(|(entry, _)| entry)
    }

    fn leave_out(&self, path: &[u8], host: &Path) -> Result<()> {
        match self.leftovers {
            Leftovers::Removed => self.root.remove_all(path).at("remove", host),
            Leftovers::Kept => Ok(()),
        }
    }

    fn subdirectory(&mut self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<()> {
        let fd = self.root.open_with(&path, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW, 0);
        let attributes = fd.and_then(xattrs_of).at("read the attributes of", host)?;
        if let Some(feature) = foreign_feature(&attributes) {
            let why = format!("uses overlay's {feature}, which cannot be packed");
            return Err(Error::path(&path, why));
        }
        let opaque = is_opaque(&attributes);
        let mut entry = self.entry(path.clone(), metadata, host)?;
        entry.kind = EntryKind::Directory { opaque, implied: false };
        entry.xattrs = attributes.into_iter().filter(|(name, _)| belongs_to_image(name)).collect();
        let below = self.below(&path).filter(|below| matches!(below.kind, EntryKind::Directory { .. }));
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
        let hidden_here = self.hidden;
        self.hidden |= opaque;
        let done = self.directory(&path);
        self.hidden = hidden_here;
        done?;
        let empty = self.entries.len() == position + 1;
        if empty && (!changed || self.is_mount_point(&path)) {
            self.entries.pop();
            self.leave_out(&path, host)?;
        }
        Ok(())
    }

    fn leaf(&mut self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<()> {
        let mut entry = self.entry(path.clone(), metadata, host)?;
        let is_placeholder = matches!(entry.kind, EntryKind::Device { .. });
        if metadata.kind == NodeKind::File && !is_placeholder {
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
    fn entry(&self, path: Vec<u8>, metadata: &Metadata, host: &Path) -> Result<IndexEntry> {
        let shown = self.shown(&path, metadata).at("look at", host)?;
        let kind = match shown.device {
            Some(Device { block, major, minor }) => EntryKind::Device { block, major, minor },
            None => EntryKind::Fifo,
        };
        let (uid, gid) = (shown.uid, shown.gid);
        let mode = if metadata.kind == NodeKind::Symlink { 0o777 } else { metadata.mode };
        let mtime = metadata.mtime.0.clamp(0, self.epoch);
        Ok(IndexEntry { path, kind, mode, uid, gid, mtime, xattrs: Vec::new() })
    }

    /// Whose it is, and which device.
    fn shown(&self, path: &[u8], metadata: &Metadata) -> std::io::Result<Shown> {
        let block = metadata.kind == NodeKind::BlockDevice;
        let (major, minor) = metadata.rdev;
        let device =
            (block || metadata.kind == NodeKind::CharDevice).then_some(Device { block, major, minor });
        let Owners::Single { uid, gid, records } = self.owners else {
            return Ok(Shown { uid: metadata.uid, gid: metadata.gid, device });
        };
        let file = self.root.open_with(path, OFlags::PATH | OFlags::NOFOLLOW, 0)?;
        if let Some(records) = records.filter(|records| !records.is_empty())
            && let Some(shown) = records.get(&FileHandle::of(&file)?)
        {
            return Ok(Shown { device: shown.device.or(device), ..*shown });
        }
        let copied = self.lower.owner_of_copy(&file, path).filter(|_| !self.hidden);
        let (uid, gid) = copied.unwrap_or((uid, gid));
        Ok(Shown { uid, gid, device })
    }
}
