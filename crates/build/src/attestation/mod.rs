//! Statements about a built image, for others to verify: in-toto's envelope-free form (in-toto
//! Attestation Framework, `spec/v1/statement.md`). Equal builds give equal bytes.

use plimsoll_model::{Digest, Platform, Reference};
use serde_json::{Value, json};

mod slsa;

pub use slsa::{BuildFacts, Detail, PREDICATE_TYPE as SLSA_PROVENANCE, provenance};

/// The kind of statement an SPDX document is.
pub const SPDX_DOCUMENT: &str = "https://spdx.dev/Document";

/// The image a statement is about.
#[derive(Debug, Clone)]
pub struct Subject<'a> {
    /// Digest of its manifest.
    pub digest: Digest,
    /// For which platform.
    pub platform: &'a Platform,
    /// Its names.
    pub names: &'a [Reference],
}

/// A statement as JSON.
pub fn statement(subject: &Subject<'_>, predicate_type: &str, predicate: Value) -> Vec<u8> {
    let digest = json!({ "sha256": subject.digest.hex() });
    let named = subject.names.iter().map(|name| image_purl(name, subject.platform));
    let mut names: Vec<String> = named.collect();
    if names.is_empty() {
        // What BuildKit writes for an image without a name: the field must not be empty.
        names.push("_".to_string());
    }
    let subjects: Vec<Value> =
        names.into_iter().map(|name| json!({ "name": name, "digest": digest })).collect();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    statement.to_string().into_bytes()
}

/// The package URL of an image (purl-spec, type `docker`), as BuildKit writes it.
fn image_purl(name: &Reference, platform: &Platform) -> String {
    let version = match (&name.digest, name.tag_or_latest()) {
        (_, Some(tag)) => tag.to_string(),
        (Some(digest), None) => digest.to_string(),
        (None, None) => String::new(),
    };
    let platform = platform.to_string().replace('/', "%2F");
    format!("pkg:docker/{}@{version}?platform={platform}", name.familiar_repository())
}
