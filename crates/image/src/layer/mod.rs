//! Layers: unpacked directories in overlay form, each with an index of what is in it.

use plimsoll_model::Digest;
use plimsoll_model::manifest::Descriptor;

mod assembly;
mod builder;
mod commit;
mod entries;
mod gzip;
mod index;
mod layered;
mod mount_points;
mod overlay;
mod owner_of_copy;
mod packed_blocks;
mod recognise;
mod sparse;
mod survey;
pub(crate) mod tar_reader;
pub(crate) mod tar_writer;
mod unpack;
mod unpacked;
mod wire;
mod written;

pub use builder::{CopyRules, LayerBuilder, Meta, ModeRule, Owner};
pub use commit::CommitRules;
pub use index::{EntryKind, IndexEntry, LayerIndex};
pub use layered::LayeredTree;
pub use mount_points::mount_points;
pub(crate) use overlay::belongs_to_image;
pub use recognise::is_archive;
pub use survey::Owners;
pub use unpack::ENTRY_LIMIT;
pub(crate) use unpack::{Hashing, check_entry, refuse as refuse_entry, tar_error};
pub use unpacked::UnpackedTree;
pub use written::{Change, ChangeKind, Written};

/// A layer that lies in the store, packed as a blob and unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedLayer {
    /// The blob.
    pub descriptor: Descriptor,
    /// Digest of its plain tar: the name of the unpacked layer.
    pub diff_id: Digest,
}
