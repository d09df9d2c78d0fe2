//! Images as one file: oci-archive and docker-archive.

use plimsoll_model::{Digest, Reference};

mod layout;
mod load;
mod save;
mod wire;

pub use save::Saved;

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An OCI image layout as tar.
    Oci,
    /// What `docker save` wrote for most of its life: `manifest.json`, layers as plain tar.
    Docker,
}

/// An image read from an archive; it lies in the store under these names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedImage {
    /// Digest of its manifest.
    pub manifest: Digest,
    /// Digest of its configuration: docker's image id.
    pub config: Digest,
    /// The names the archive gave it.
    pub references: Vec<Reference>,
}
