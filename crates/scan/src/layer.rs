//! What a scan is handed of an image's layers: their listings as values, their files on demand.

use plimsoll_model::{Digest, ImageConfig};

/// One layer: its entries in the archive's order and what is known of its origin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LayerListing {
    /// All entries, whiteouts included.
    pub entries: Vec<LayerEntry>,
    /// The history's text of the step that made it.
    pub created_by: Option<String>,
    /// Line of the Dockerfile (from 1) that made it, with the line's text.
    pub line: Option<(usize, String)>,
    /// Whether it came with the base image.
    pub from_base: bool,
}

/// One entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerEntry {
    /// Absolute and clean. Of a whiteout the path it removes, of an opaque marker the directory it
    /// stands in; never the `.wh.` name itself.
    pub path: String,
    /// What it is.
    pub kind: LayerEntryKind,
    /// Bytes of a regular file, else 0.
    pub size: u64,
    /// Digest of a regular file's bytes, where known: tells a changed file from a copied one.
    pub digest: Option<Digest>,
}

/// The kinds of entries a layer has (OCI image-spec `layer.md`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerEntryKind {
    /// A regular file with a body.
    File,
    /// Another name of a file, with the absolute clean path of that file.
    HardLink(String),
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// A device, fifo or socket.
    Special,
    /// Removes the path from all lower layers.
    Whiteout,
    /// Hides what lower layers have in this directory.
    Opaque,
}

impl LayerEntry {
    /// An entry without a body.
    pub fn new(path: impl Into<String>, kind: LayerEntryKind) -> Self {
        LayerEntry { path: path.into(), kind, size: 0, digest: None }
    }

    /// A regular file.
    pub fn file(path: impl Into<String>, size: u64) -> Self {
        LayerEntry { path: path.into(), kind: LayerEntryKind::File, size, digest: None }
    }
}

/// The files of single layers, below what later layers made of them.
pub trait LayerFiles {
    /// Bytes of the regular file a layer itself carries at exactly this path; `None` if it has none
    /// there, or a larger one. The lowest layer is 0.
    fn read_in_layer(&self, layer: usize, path: &str, limit: u64) -> Option<Vec<u8>>;
}

/// The history's texts, one a layer: steps without a layer are passed over.
pub fn history_by_layer(config: &ImageConfig) -> Vec<Option<String>> {
    config.history.iter().filter(|step| !step.empty_layer).map(|step| step.created_by.clone()).collect()
}
