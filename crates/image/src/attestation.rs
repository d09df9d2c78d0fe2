//! Statements about an image as BuildKit stores them: a manifest of their own in the image's index,
//! found by two annotations (BuildKit, `docs/attestations/attestation-storage.md`).

use std::collections::BTreeMap;

use plimsoll_model::Digest;
use plimsoll_model::manifest::{Descriptor, Manifest, PlatformWire, media};
use serde_json::json;

use crate::error::{Error, Result};
use crate::image_index::ANNOTATION_REFERENCE_TYPE;
use crate::store::Store;

/// What says in an index which manifest is spoken of.
pub const ANNOTATION_REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// What says at a statement's descriptor of which kind it is.
pub const ANNOTATION_PREDICATE_TYPE: &str = "in-toto.io/predicate-type";

/// The media type of an in-toto statement.
pub const STATEMENT: &str = "application/vnd.in-toto+json";

/// An in-toto statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The URI of its kind.
    pub predicate_type: String,
    /// The statement as JSON.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Write statements about the image whose manifest is `subject`; gives their entry in the index.
    pub fn create_attestation(&self, subject: &Digest, statements: &[Statement]) -> Result<Descriptor> {
        let mut layers = Vec::with_capacity(statements.len());
        for statement in statements {
            let digest = self.put_bytes(&statement.bytes)?;
            let kind = (ANNOTATION_PREDICATE_TYPE.to_string(), statement.predicate_type.clone());
            let plain = Descriptor::new(STATEMENT, digest, statement.bytes.len() as u64);
            layers.push(Descriptor { annotations: BTreeMap::from([kind]), ..plain });
        }
        let diff_ids: Vec<String> = layers.iter().map(|layer| layer.digest.to_string()).collect();
        let config = json!({
            "architecture": "unknown",
            "os": "unknown",
            "config": {},
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        })
        .to_string();
        let config_digest = self.put_bytes(config.as_bytes())?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.to_string()),
            config: Descriptor::new(media::OCI_CONFIG, config_digest, config.len() as u64),
            layers,
            annotations: BTreeMap::new(),
        };
        let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::BadImage {
            what: "the new attestation".into(),
            why: error.to_string(),
        })?;
        let unknown = || "unknown".to_string();
        let annotations = [
            (ANNOTATION_REFERENCE_DIGEST, subject.to_string()),
            (ANNOTATION_REFERENCE_TYPE, "attestation-manifest".to_string()),
        ];
        Ok(Descriptor {
            platform: Some(PlatformWire { architecture: unknown(), os: unknown(), variant: None }),
            annotations: annotations.into_iter().map(|(key, value)| (key.to_string(), value)).collect(),
            ..Descriptor::new(media::OCI_MANIFEST, self.put_bytes(&bytes)?, bytes.len() as u64)
        })
    }
}
