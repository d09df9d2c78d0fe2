//! The list of what is in a layer: what overlay cannot keep (owners under a single id, digests) and
//! what nobody wants to find by walking directories.

use plimsoll_model::Digest;

use crate::path;

/// What an entry of a layer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File {
        /// Bytes.
        size: u64,
        /// Digest of the bytes.
        digest: Digest,
        /// For a further name of a file: its first name in walk order. Size, digest and attributes
        /// are those of the file.
        link_of: Option<Vec<u8>>,
    },
    /// A directory.
    Directory {
        /// Hides everything lower layers have below this path.
        opaque: bool,
        /// Not in the archive: made because something below it is.
        implied: bool,
    },
    /// A symbolic link with its target as written.
    Symlink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A device node; in the index even where it could not be made.
    Device {
        /// Block, else character.
        block: bool,
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// Hides what lower layers have at this path.
    Whiteout,
}

impl EntryKind {
    /// Whether nothing of what lower layers have below this path is seen.
    pub(super) fn hides_lower(&self) -> bool {
        !matches!(self, EntryKind::Directory { opaque: false, .. })
    }
}

/// One entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Clean path relative to the root; empty is the root itself.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: EntryKind,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Seconds since 1970.
    pub mtime: i64,
    /// Extended attributes that belong to the image, sorted by name.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// All entries of a layer in walk order, each path once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerIndex {
    pub(super) entries: Vec<IndexEntry>,
}

impl LayerIndex {
    /// The entries in walk order: a directory stands directly before everything below it.
    pub fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    /// The entry at a path.
    pub fn get(&self, path: &[u8]) -> Option<&IndexEntry> {
        let at = self.entries.binary_search_by(|entry| path::walk_order(&entry.path, path)).ok()?;
        self.entries.get(at)
    }

    /// Bytes of the files, a file with several names counted once.
    pub fn size(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| match entry.kind {
            EntryKind::File { size, link_of: None, .. } => size,
            _ => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }
}
