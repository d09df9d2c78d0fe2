//! CycloneDX 1.6 as JSON (ECMA-424): components, who needs whom as far as layers tell, flaws.
//! The same report and the same time give the same bytes.

mod wire;

use plimsoll_model::{Digest, ImageConfig, Platform, Reference};

use crate::report::ScanReport;

/// What the bill of materials is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The image's name without tag or digest, `localhost/app`.
    pub name: String,
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// Digest of its manifest.
    pub digest: Digest,
    /// For which platform.
    pub platform: Option<Platform>,
    /// Digests of the layers' contents, lowest first; may be empty.
    pub diff_ids: Vec<Digest>,
    /// RFC 3339 time to write as the document's own.
    pub timestamp: String,
    /// plimsoll's version.
    pub tool_version: String,
}

impl Subject {
    /// An image under a name, or under its id's beginning. The time is the image's own, so that equal
    /// images give equal documents.
    pub fn of_image(
        config: &ImageConfig,
        id: Digest,
        manifest: Digest,
        name: Option<&Reference>,
        tool_version: &str,
    ) -> Self {
        Subject {
            name: name.map_or_else(|| id.short(), |name| name.familiar_repository()),
            tag: name.and_then(|name| name.tag.clone()),
            digest: manifest,
            platform: config.platform.clone(),
            diff_ids: config.diff_ids.clone(),
            timestamp: config.created.clone().unwrap_or_else(|| "1970-01-01T00:00:00Z".to_string()),
            tool_version: tool_version.to_string(),
        }
    }
}

/// Write the bill of materials of an image.
pub fn write(report: &ScanReport, subject: &Subject) -> Vec<u8> {
    wire::write(report, subject)
}
