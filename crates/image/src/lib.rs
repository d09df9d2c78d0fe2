//! An image wherever it is: store, layers, registry, archives, build context.
//!
//! The store is a plain OCI image layout that other tools can read, plus unpacked layers. What is
//! written appears by rename, so several processes work on it at once and a killed one leaves
//! nothing half done. Everything that comes from outside (archives, registries, the files of a
//! layer) is hostile until checked: digests are verified while reading, paths are resolved by
//! descriptor inside their root, sizes and counts have limits that are written where they apply.

pub mod archive;
pub mod attestation;
pub mod compression;
pub mod context;
pub mod error;
pub mod git;
pub mod history;
pub mod image;
pub mod image_index;
pub mod layer;
pub mod path;
pub mod recompress;
pub mod registry;
pub mod remote_file;
pub mod rootfs;
pub mod store;
pub mod transfer;
pub mod tree;
pub mod variant;

pub use context::Context;
pub use error::{Error, Result};
pub use image::{Image, ImageSummary};
pub use layer::{CommittedLayer, LayerBuilder, LayeredTree};
pub use store::{Freed, Hold, Roots, Store, private_directory};
pub use tree::{Filter, SourceEntry, SourceKind, SourceTree};
