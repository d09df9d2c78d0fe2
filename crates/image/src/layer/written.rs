//! What a container wrote, looked at where it lies: it may go on writing meanwhile.

use std::io::Write;
use std::path::Path;

use plimsoll_sys::root_dir::RootDir;

use super::CommittedLayer;
use super::commit::CommitRules;
use super::index::{EntryKind, LayerIndex};
use super::layered::LayeredTree;
use super::survey::{self, Leftovers};
use super::tar_writer;
use crate::error::{AtFile as _, Result};
use crate::path;
use crate::rootfs::write_tar;
use crate::store::Store;

/// An upper directory over layers.
#[derive(Debug)]
pub struct Written<'a> {
    root: Option<RootDir>,
    upper: &'a Path,
    lower: &'a LayeredTree,
    index: LayerIndex,
}

/// A difference to the layers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub kind: ChangeKind,
    /// Clean path, relative to the root.
    pub path: Vec<u8>,
}

/// A kind of difference, with docker's letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// `A`: it is new.
    Added,
    /// `C`: it, or something in it, is another than before.
    Changed,
    /// `D`: it is gone.
    Deleted,
}

impl<'a> Written<'a> {
    /// Look through an upper directory; one that is not there yet is empty.
    pub fn survey(upper: &'a Path, lower: &'a LayeredTree, rules: &CommitRules<'_>) -> Result<Self> {
        let root = match RootDir::open(upper) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            root => Some(root.at("open", upper)?),
        };
        let index = match &root {
            Some(root) => survey::of_upper(root, upper, lower, rules, Leftovers::Kept)?,
            None => LayerIndex::default(),
        };
        Ok(Written { root, upper, lower, index })
    }

    /// The differences to the layers in walk order. Of a directory that is gone only the directory itself.
    pub fn changes(&self) -> Vec<Change> {
        let merged = self.merged();
        let mut changes = Vec::new();
        for entry in self.index.entries.iter().filter(|entry| entry.kind != EntryKind::Whiteout) {
            let kind =
                if self.lower.get(&entry.path).is_some() { ChangeKind::Changed } else { ChangeKind::Added };
            changes.push(Change { kind, path: entry.path.clone() });
        }
        for (entry, _) in self.lower.entries() {
            let parent = path::parent(&entry.path).and_then(|parent| merged.get(parent));
            let in_directory =
                parent.is_some_and(|(parent, _)| matches!(parent.kind, EntryKind::Directory { .. }));
            if in_directory && merged.get(&entry.path).is_none() {
                changes.push(Change { kind: ChangeKind::Deleted, path: entry.path.clone() });
            }
        }
        changes.sort_by(|a, b| path::walk_order(&a.path, &b.path));
        changes
    }

    /// A layer of the differences in the store, not unpacked yet; `None` if there are none. Nothing may be
    /// written meanwhile.
    pub fn pack(mut self, store: &Store) -> Result<Option<CommittedLayer>> {
        match &self.root {
            Some(root) if !self.index.entries.is_empty() => {
                tar_writer::pack(store, root, &mut self.index).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// All files the container has but for what is mounted into it, as a tar stream.
    pub fn write_tar(&self, to: impl Write) -> Result<()> {
        write_tar(&[(String::new(), self.merged())], &[], to)
    }

    fn merged(&self) -> LayeredTree {
        self.lower.with_upper(self.index.clone(), self.upper)
    }
}
