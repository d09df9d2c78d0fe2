//! Size, packages, SBOM, advisories and secrets of an image, over values it is handed: the listings
//! of its layers, its files through [`plimsoll_model::FileTree`] and [`LayerFiles`], a copy of an
//! OSV data base through [`AdvisoryRecords`]. Nothing here opens a file or asks the network.

pub mod cyclonedx;
mod layer;
mod note;
mod osv;
mod packages;
mod report;
mod saving;
mod secrets;
mod size;
pub mod spdx;
mod version;

pub use layer::{LayerEntry, LayerEntryKind, LayerFiles, LayerListing, history_by_layer};
pub use note::Note;
pub use osv::{
    AdvisoryArchive, AdvisoryFolder, AdvisoryRecords, BrokenArchive, Coverage, Rating, Vulnerability,
};
pub use packages::{Inventory, OsRelease, Package, PackageKind, SourcePackage, UnknownRelease};
pub use report::{ScanInput, ScanReport, findings, scan, summary, to_json};
pub use saving::{Remedy, Saving, savings};
pub use secrets::{Secret, SecretPlace, secret_in};
pub use size::{LargeFile, LayerSize, Leftover, Loss, SizeReport, Waste, measure};
pub use version::Scheme;
