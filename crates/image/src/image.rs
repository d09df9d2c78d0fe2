//! One image of the store: its manifest and configuration, with the bytes they were read from.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use plimsoll_model::manifest::{Descriptor, Manifest, media};
use plimsoll_model::{Digest, ImageConfig, Platform, Reference};

use crate::error::{Error, Result};
use crate::layer::CommittedLayer;
use crate::store::Store;

/// A manifest or configuration larger than this is refused (registries use 4 MiB).
pub const JSON_LIMIT: u64 = 4 << 20;

/// Said when a thread of ours panicked: a mistake of this program, not of the image.
const LOST: &str = "a thread that unpacked a layer has failed";

/// An image as it stands in the store.
#[derive(Debug, Clone)]
pub struct Image {
    /// Digest of the manifest's bytes.
    pub manifest_digest: Digest,
    /// The manifest.
    pub manifest: Manifest,
    /// The manifest's bytes.
    pub manifest_bytes: Vec<u8>,
    /// Digest of the configuration's bytes: docker's image id.
    pub config_digest: Digest,
    /// The configuration.
    pub config: ImageConfig,
    /// The configuration's bytes.
    pub config_bytes: Vec<u8>,
    /// What the store lists it under: the digest of its manifest, or of an index it is a part of.
    pub listed: Digest,
    /// The name it was found by, if it was found by a name.
    pub reference: Option<Reference>,
}

/// One line of `images`.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageSummary {
    /// Its names, sorted; none for an image that lost its name to a newer one.
    pub references: Vec<Reference>,
    /// Digest of the manifest, or of the index of an image for several platforms.
    pub manifest_digest: Digest,
    /// Digest of the configuration: docker's image id.
    pub config_digest: Digest,
    /// RFC 3339 time of the configuration.
    pub created: Option<String>,
    /// Compressed bytes of its layers.
    pub packed_size: u64,
    /// Bytes of its files; `None` while a layer is not unpacked.
    pub size: Option<u64>,
}

impl Image {
    /// The layers as (blob, digest of the uncompressed bytes), lowest first.
    pub fn layers(&self) -> impl ExactSizeIterator<Item = (&Descriptor, Digest)> {
        self.manifest.layers.iter().zip(self.config.diff_ids.iter().copied())
    }

    /// The layers of this image as layers to build on.
    pub fn committed_layers(&self) -> Vec<CommittedLayer> {
        self.layers()
            .map(|(descriptor, diff_id)| CommittedLayer { descriptor: descriptor.clone(), diff_id })
            .collect()
    }
}

impl Store {
    /// The image whose manifest has this digest.
    pub fn image(&self, manifest: &Digest) -> Result<Image> {
        self.image_of(manifest, self.read_blob(manifest, JSON_LIMIT)?)
    }

    /// The image of a manifest whose bytes have been read.
    fn image_of(&self, manifest: &Digest, manifest_bytes: Vec<u8>) -> Result<Image> {
        let what = || format!("manifest {manifest}");
        let parsed: Manifest = serde_json::from_slice(&manifest_bytes)
            .map_err(|error| Error::BadImage { what: what(), why: error.to_string() })?;
        let config_digest = parsed.config.digest;
        let config_bytes = self.read_blob(&config_digest, JSON_LIMIT)?;
        let config = ImageConfig::from_json(&config_bytes)
            .map_err(|error| Error::BadImage { what: what(), why: error.to_string() })?;
        if config.diff_ids.len() != parsed.layers.len() {
            let (layers, ids) = (parsed.layers.len(), config.diff_ids.len());
            let why = format!("it lists {layers} layers, but its configuration {ids}");
            return Err(Error::BadImage { what: what(), why });
        }
        Ok(Image {
            manifest_digest: *manifest,
            manifest: parsed,
            manifest_bytes,
            config_digest,
            config,
            config_bytes,
            listed: *manifest,
            reference: None,
        })
    }

    /// The image a name, digest or id prefix means. Nothing is fetched.
    pub fn find_image(&self, name: &str) -> Result<Image> {
        self.find_image_for(name, &Platform::host())
    }

    /// The same; of several images under one name that for a platform, else the first one.
    pub fn find_image_for(&self, name: &str, platform: &Platform) -> Result<Image> {
        let found = self.resolve(name)?;
        let mut image = self.image_for(&found.manifest, platform)?;
        image.reference = found.reference;
        Ok(image)
    }

    /// The image for a platform of what is listed under a digest, else its first image.
    pub fn image_for(&self, listed: &Digest, platform: &Platform) -> Result<Image> {
        let (manifest, bytes) = self.manifest_for(listed, platform)?;
        let image = self.image_of(&manifest, bytes)?;
        Ok(Image { listed: *listed, ..image })
    }

    /// Unpack all layers of an image that are not unpacked yet, several at once: their `fs`
    /// directories, lowest first.
    pub fn unpack_image(&self, image: &Image) -> Result<Vec<PathBuf>> {
        let missing: Vec<_> = image.layers().filter(|(_, diff_id)| !self.has_layer(diff_id)).collect();
        if !missing.is_empty() {
            self.unpack_layers(&missing)?;
        }
        Ok(image.config.diff_ids.iter().map(|diff_id| self.layer_fs(diff_id)).collect())
    }

    fn unpack_layers(&self, missing: &[(&Descriptor, Digest)]) -> Result<()> {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((descriptor, diff_id)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.unpack(descriptor, diff_id)?;
            }
            Ok(())
        };
        let workers = thread::available_parallelism().map_or(1, usize::from).min(missing.len());
        thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others = others.into_iter().map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(Error::Refused { what: "the image".into(), why: LOST.into() }))
            });
            others.fold(own, Result::and)
        })
    }

    /// Write the manifest and configuration of a new image. `diff_ids` of the configuration are set
    /// from the layers. The image has no name yet: [`Store::tag`] it, or [`Store::keep`] it, while a
    /// [`crate::Hold`] of the store is held.
    pub fn create_image(&self, mut config: ImageConfig, layers: &[CommittedLayer]) -> Result<Digest> {
        config.diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
        let config_bytes = config.to_json();
        let config = self.put_bytes(&config_bytes)?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.to_string()),
            config: Descriptor::new(media::OCI_CONFIG, config, config_bytes.len() as u64),
            layers: layers.iter().map(|layer| oci_layer(&layer.descriptor)).collect(),
            annotations: Default::default(),
        };
        let bytes = serde_json::to_vec(&manifest)
            .map_err(|error| Error::BadImage { what: "the new manifest".into(), why: error.to_string() })?;
        self.put_bytes(&bytes)
    }
}

/// A layer of a base image that came with docker's words, in OCI's: one manifest speaks one language.
fn oci_layer(layer: &Descriptor) -> Descriptor {
    let media_type = match layer.media_type.as_str() {
        media::DOCKER_LAYER_GZIP => media::OCI_LAYER_GZIP,
        media::DOCKER_LAYER => media::OCI_LAYER,
        own => own,
    };
    Descriptor { media_type: media_type.to_string(), ..layer.clone() }
}
