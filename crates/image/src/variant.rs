//! Another manifest for the same image: other layers' packing, annotations, Docker's media types. The
//! configuration, and so docker's image id, stays.

use std::collections::BTreeMap;

use plimsoll_model::Digest;
use plimsoll_model::manifest::{Descriptor, Manifest, media};

use crate::error::{Error, Result};
use crate::image::Image;
use crate::layer::CommittedLayer;
use crate::recompress::oci_layer_type;
use crate::store::Store;

/// In whose words a manifest is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MediaTypes {
    /// OCI's.
    #[default]
    Oci,
    /// Docker's schema 2, for registries and tools that know nothing else.
    Docker,
}

impl MediaTypes {
    /// The type of an index.
    pub fn index(self) -> &'static str {
        match self {
            MediaTypes::Oci => media::OCI_INDEX,
            MediaTypes::Docker => media::DOCKER_LIST,
        }
    }

    fn manifest(self) -> &'static str {
        match self {
            MediaTypes::Oci => media::OCI_MANIFEST,
            MediaTypes::Docker => media::DOCKER_MANIFEST,
        }
    }

    fn config(self) -> &'static str {
        match self {
            MediaTypes::Oci => media::OCI_CONFIG,
            MediaTypes::Docker => media::DOCKER_CONFIG,
        }
    }

    fn layer(self, media_type: &str) -> String {
        let oci = oci_layer_type(media_type);
        let own = match (self, oci) {
            (MediaTypes::Docker, media::OCI_LAYER_GZIP) => media::DOCKER_LAYER_GZIP,
            (MediaTypes::Docker, media::OCI_LAYER) => media::DOCKER_LAYER,
            (_, oci) => oci,
        };
        own.to_string()
    }
}

impl Store {
    /// Write a manifest for an image with these layers, which have the same contents as its own.
    pub fn create_variant(
        &self,
        image: &Image,
        layers: &[CommittedLayer],
        media_types: MediaTypes,
        annotations: BTreeMap<String, String>,
    ) -> Result<Digest> {
        let layer = |layer: &CommittedLayer| Descriptor {
            media_type: media_types.layer(&layer.descriptor.media_type),
            ..layer.descriptor.clone()
        };
        let mut all = image.manifest.annotations.clone();
        all.extend(annotations);
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(media_types.manifest().to_string()),
            config: Descriptor {
                media_type: media_types.config().to_string(),
                ..image.manifest.config.clone()
            },
            layers: layers.iter().map(layer).collect(),
            annotations: all,
        };
        let bytes = serde_json::to_vec(&manifest)
            .map_err(|error| Error::BadImage { what: "the new manifest".into(), why: error.to_string() })?;
        self.put_bytes(&bytes)
    }
}
