//! What a container wrote becomes a layer: overlay's upper directory, packed and kept.

use std::path::Path;

use plimsoll_sys::root_dir::{NodeKind, RootDir};

use super::CommittedLayer;
use super::assembly::Finished;
use super::index::{EntryKind, LayerIndex};
use super::layered::LayeredTree;
use super::survey::{self, Leftovers, Owners};
use super::tar_writer;
use crate::error::{AtFile as _, Result};
use crate::store::Store;

/// How an upper directory is read.
#[derive(Debug, Clone, Copy)]
pub struct CommitRules<'a> {
    /// No time in the layer is later than this (seconds since 1970).
    pub epoch: u64,
    /// Where owners come from.
    pub owners: Owners<'a>,
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
        let mut index = survey::of_upper(&root, upper, lower, rules, Leftovers::Removed)?;
        if index.entries.is_empty() {
            return Ok(None);
        }
        let layer = tar_writer::pack(self, &root, &mut index)?;
        set_times(&root, upper, &index)?;
        remove_placeholders(&root, upper, &index)?;
        let temporary = self.temporary_directory()?;
        let target = temporary.path().join("fs");
        std::fs::rename(upper, &target).at("move", upper)?;
        let fs = RootDir::open(&target).at("open", &target)?;
        fs.set_mode("", 0o755).at("set the mode of", &target)?;
        Finished { temporary, fs, index }.install(self, &layer.diff_id)?;
        Ok(Some(layer))
    }

    /// Pack a directory as it is, its own attributes, times and owners included. It stays where it is;
    /// sockets in it are removed.
    pub fn pack_directory(&self, directory: &Path) -> Result<CommittedLayer> {
        let root = RootDir::open(directory).at("open", directory)?;
        let mut index = survey::of_directory(&root, directory)?;
        tar_writer::pack(self, &root, &mut index)
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

/// Where no device node can be made, there is none in an unpacked layer either: the empty file in its place
/// has done its duty.
fn remove_placeholders(root: &RootDir, upper: &Path, index: &LayerIndex) -> Result<()> {
    for entry in index.entries.iter().filter(|entry| matches!(entry.kind, EntryKind::Device { .. })) {
        if root.metadata(&entry.path).at("look at", upper)?.kind == NodeKind::File {
            root.unlink(&entry.path).at("remove", upper)?;
        }
    }
    Ok(())
}
