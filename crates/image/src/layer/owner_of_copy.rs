//! What an upper directory holds is new, or a copy of what a lower layer has at the same path.

use std::os::fd::AsFd;

use plimsoll_sys::root_dir::{NodeKind, metadata_of};

use super::index::EntryKind;
use super::layered::LayeredTree;
use super::overlay::is_copy;

impl LayeredTree {
    /// Owner of the lower file that `file`, which stands at this path of an upper directory over these
    /// layers, is a copy of. `None`: it is new.
    ///
    /// Overlayfs marks the copies it makes of directories and of files with one name; a mark needs an
    /// attribute, which links and special files cannot have. Of these, and of files whose lower original
    /// has several names, what stands at the same path is taken for a copy.
    pub fn owner_of_copy(&self, file: impl AsFd, path: &[u8]) -> Option<(u32, u32)> {
        let (below, _) = self.get(path)?;
        let is_copy = match (&below.kind, metadata_of(&file).ok()?.kind) {
            (EntryKind::Directory { .. }, NodeKind::Directory) => is_copy(file),
            (EntryKind::File { .. }, NodeKind::File) => {
                is_copy(file) || self.links_on_disk(path).is_some_and(|links| links > 1)
            }
            (EntryKind::Symlink(_), NodeKind::Symlink) | (EntryKind::Fifo, NodeKind::Fifo) => true,
            _ => false,
        };
        is_copy.then_some((below.uid, below.gid))
    }
}
