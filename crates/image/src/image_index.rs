//! Several images under one digest: an index of platforms, attestations beside them.
//!
//! A name of the store leads to a manifest or to an index. What asks for *an* image gets the one for
//! a platform; what moves or keeps images (push, save, garbage collection) takes all parts.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::manifest::{Descriptor, Index, Manifest, PlatformWire, media};
use plimsoll_model::{Digest, Platform};

use crate::error::{Error, Result};
use crate::image::{Image, JSON_LIMIT};
use crate::store::Store;

/// What an attestation's entry in an index is marked with (BuildKit, `docs/attestations/attestation-storage.md`).
pub const ANNOTATION_REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// An index inside an index is allowed by the specification; nobody needs more.
const DEPTH: usize = 3;

/// An index as it stands in the store.
#[derive(Debug, Clone)]
pub struct ImageIndex {
    /// What it lists.
    pub index: Index,
    /// The bytes it was read from.
    pub bytes: Vec<u8>,
}

/// Everything a manifest or an index consists of.
#[derive(Debug, Default)]
pub struct Parts {
    /// The images, attestations aside.
    pub images: Vec<Image>,
    /// Configurations, layers and statements, each once.
    pub blobs: Vec<Descriptor>,
    /// Manifests and nested indexes, each after what it refers to; the listed one is last.
    pub manifests: Vec<Descriptor>,
}

impl ImageIndex {
    /// The images it lists, attestations aside.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.index.manifests.iter().filter(|entry| !is_attestation(entry))
    }
}

impl Store {
    /// The index with this digest; `None` if the digest is that of a single image.
    pub fn image_index(&self, digest: &Digest) -> Result<Option<ImageIndex>> {
        Ok(self.index_or_manifest(digest)?.ok())
    }

    /// The index with this digest, or the bytes of the single image's manifest.
    fn index_or_manifest(&self, digest: &Digest) -> Result<std::result::Result<ImageIndex, Vec<u8>>> {
        let bytes = self.read_blob(digest, JSON_LIMIT)?;
        let bad = |why: String| Error::BadImage { what: format!("manifest {digest}"), why };
        let document: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        match (document.get("manifests"), document.get("layers")) {
            (None, _) => Ok(Err(bytes)),
            // Two readers could see two images under one digest (CVE-2021-41190).
            (Some(_), Some(_)) => Err(bad("it claims to be an image and an index at once".to_string())),
            (Some(_), None) => {
                let index = serde_json::from_value(document).map_err(|error| bad(error.to_string()))?;
                Ok(Ok(ImageIndex { index, bytes }))
            }
        }
    }

    /// Write an index. Like an image it has no name yet.
    pub fn create_index(
        &self,
        media_type: &str,
        manifests: Vec<Descriptor>,
        annotations: BTreeMap<String, String>,
    ) -> Result<Digest> {
        let media_type = Some(media_type.to_string());
        let index = Index { schema_version: 2, media_type, manifests, annotations };
        let bytes = serde_json::to_vec(&index)
            .map_err(|error| Error::BadImage { what: "the new index".into(), why: error.to_string() })?;
        self.put_bytes(&bytes)
    }

    /// The digest of the image for a platform: that of the manifest itself, or of an index's entry. An
    /// index without this platform gives its first image.
    pub(crate) fn manifest_for(&self, listed: &Digest, platform: &Platform) -> Result<(Digest, Vec<u8>)> {
        let mut digest = *listed;
        for _ in 0..DEPTH {
            let index = match self.index_or_manifest(&digest)? {
                Ok(index) => index,
                Err(manifest) => return Ok((digest, manifest)),
            };
            let entry = choose(&index.index, platform).or_else(|| index.images().next());
            digest = entry.ok_or_else(|| nothing_in(listed))?.digest;
        }
        Err(nested(listed))
    }

    /// Everything a listed manifest or index consists of.
    pub fn parts(&self, listed: &Digest) -> Result<Parts> {
        let mut parts = Parts::default();
        self.add_parts(listed, false, 0, &mut parts)?;
        let mut seen = BTreeSet::new();
        parts.blobs.retain(|blob| seen.insert(blob.digest));
        parts.manifests.retain(|manifest| seen.insert(manifest.digest));
        Ok(parts)
    }

    fn add_parts(&self, digest: &Digest, attestation: bool, depth: usize, parts: &mut Parts) -> Result<()> {
        if depth > DEPTH {
            return Err(nested(digest));
        }
        if let Some(index) = self.image_index(digest)? {
            for entry in &index.index.manifests {
                self.add_parts(&entry.digest, is_attestation(entry), depth + 1, parts)?;
            }
            let media_type = index.index.media_type.as_deref().unwrap_or(media::OCI_INDEX);
            parts.manifests.push(Descriptor::new(media_type, *digest, index.bytes.len() as u64));
            return Ok(());
        }
        let (manifest, size) = match attestation {
            true => {
                let bytes = self.read_blob(digest, JSON_LIMIT)?;
                let manifest: Manifest = serde_json::from_slice(&bytes).map_err(|error| Error::BadImage {
                    what: format!("manifest {digest}"),
                    why: error.to_string(),
                })?;
                (manifest, bytes.len())
            }
            false => {
                let image = self.image(digest)?;
                let found = (image.manifest.clone(), image.manifest_bytes.len());
                parts.images.push(image);
                found
            }
        };
        parts.blobs.push(manifest.config);
        parts.blobs.extend(manifest.layers);
        let media_type = manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        parts.manifests.push(Descriptor::new(media_type, *digest, size as u64));
        Ok(())
    }
}

fn nothing_in(listed: &Digest) -> Error {
    Error::BadImage { what: format!("index {listed}"), why: "it lists no image".to_string() }
}

fn nested(listed: &Digest) -> Error {
    let why = format!("its indexes are nested more than {DEPTH} deep");
    Error::BadImage { what: format!("index {listed}"), why }
}

/// The entry for a platform: of those that run there, one without a variant (the most general build)
/// before the exact variant before the smallest one.
pub(crate) fn choose<'a>(index: &'a Index, wanted: &Platform) -> Option<&'a Descriptor> {
    let rank = |found: &Platform| match &found.variant {
        None => (0, String::new()),
        Some(variant) if Some(variant) == wanted.variant.as_ref() => (1, String::new()),
        Some(variant) => (2, variant.clone()),
    };
    let fitting = index.manifests.iter().filter_map(|entry| {
        let platform = platform_of(entry)?;
        platform.runs_on(wanted).then(|| (rank(&platform), entry))
    });
    let best = fitting.min_by(|one, other| one.0.cmp(&other.0)).map(|(_, entry)| entry);
    // An index around a single image without a platform is what `oci-layout` exporters write.
    best.or(match index.manifests.as_slice() {
        [only] if only.platform.is_none() => Some(only),
        _ => None,
    })
}

/// The platform an entry of an index is for.
pub fn platform_of(entry: &Descriptor) -> Option<Platform> {
    let wire = entry.platform.clone()?;
    let variant = wire.variant.filter(|variant| !variant.is_empty());
    Some(Platform { os: wire.os, architecture: wire.architecture, variant })
}

/// A platform as an entry of an index has it.
pub fn platform_wire(platform: &Platform) -> PlatformWire {
    let Platform { os, architecture, variant } = platform.clone();
    PlatformWire { architecture, os, variant }
}

/// Statements about an image (platform `unknown/unknown`) are no image.
pub fn is_attestation(entry: &Descriptor) -> bool {
    let unknown = |platform: Platform| platform.os == "unknown";
    entry.annotations.contains_key(ANNOTATION_REFERENCE_TYPE) || platform_of(entry).is_some_and(unknown)
}
