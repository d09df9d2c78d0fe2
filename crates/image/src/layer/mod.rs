//! Layers: unpacked directories in overlay form, each with an index of what is in it.

use plimsoll_model::Digest;
use plimsoll_model::manifest::Descriptor;

mod assembly;
mod builder;
mod commit;
mod gzip;
mod index;
mod layered;
mod overlay;
mod sparse;
pub(crate) mod tar_reader;
pub(crate) mod tar_writer;
mod unpack;
mod wire;

pub use builder::{CopyRules, LayerBuilder, Meta, ModeRule, Owner};
pub use commit::{CommitRules, Owners};
pub use index::{EntryKind, IndexEntry, LayerIndex};
pub use layered::LayeredTree;
pub use unpack::ENTRY_LIMIT;
pub(crate) use unpack::{refuse as refuse_entry, tar_error};

/// A layer that lies in the store, packed as a blob and unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedLayer {
    /// The blob.
    pub descriptor: Descriptor,
    /// Digest of its plain tar: the name of the unpacked layer.
    pub diff_id: Digest,
}
