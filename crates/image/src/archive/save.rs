//! Writing archives. The same images give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use plimsoll_model::manifest::{Descriptor, Index, media};
use plimsoll_model::{Digest, Reference};
use serde::Serialize;
use sha2::Digest as _;

use super::Format;
use super::wire::{DockerImage, Repositories};
use crate::compression;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::image::Image;
use crate::layer::tar_writer::{Fields, header, write_end, write_file};
use crate::store::{ANNOTATION_NAME, Store};

/// Where a failed write of the archive is said to have happened.
const ARCHIVE: &str = "the archive";

/// containerd's annotation for the whole name (it wants only the tag in the standard one).
pub(super) const ANNOTATION_CONTAINERD: &str = "io.containerd.image.name";

impl Store {
    /// Write images into one archive. Each goes under the name it was found by, or under all its names
    /// if it was found by id.
    pub fn save(&self, images: &[Image], format: Format, mut to: impl Write) -> Result<()> {
        let mut named = Vec::with_capacity(images.len());
        for image in images {
            let names = match &image.reference {
                Some(reference) => vec![reference.clone()],
                None => self.names_of(&image.manifest_digest)?,
            };
            named.push((image, names));
        }
        match format {
            Format::Oci => save_oci(self, &named, &mut to)?,
            Format::Docker => save_docker(self, &named, &mut to)?,
        }
        write_end(&mut to).and_then(|()| to.flush()).at("write", ARCHIVE)
    }
}

fn save_oci(store: &Store, images: &[(&Image, Vec<Reference>)], to: &mut impl Write) -> Result<()> {
    let mut manifests = Vec::new();
    for (image, names) in images {
        let media_type = image.manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        let plain = Descriptor::new(media_type, image.manifest_digest, image.manifest_bytes.len() as u64);
        let with_name = |name: &Reference| {
            let names = [(ANNOTATION_CONTAINERD, name.canonical()), (ANNOTATION_NAME, name.canonical())];
            let annotations = names.map(|(key, name)| (key.to_string(), name));
            Descriptor { annotations: BTreeMap::from(annotations), ..plain.clone() }
        };
        match names.is_empty() {
            true => manifests.push(plain),
            false => manifests.extend(names.iter().map(with_name)),
        }
    }
    let index = Index {
        schema_version: 2,
        media_type: Some(media::OCI_INDEX.to_string()),
        manifests,
        annotations: BTreeMap::new(),
    };
    put_bytes(to, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    put_bytes(to, "index.json", &json(&index)?)?;
    // containers/image, as an ordinary user, cannot make up missing directories: it gives them to root.
    for directory in ["blobs/", "blobs/sha256/"] {
        let fields = Fields { kind: b'5', mode: 0o755, ..Fields::marker(directory.as_bytes()) };
        to.write_all(&header(&fields)).at("write", ARCHIVE)?;
    }
    let mut done = BTreeSet::new();
    for (image, _) in images {
        let layers = image.manifest.layers.iter().map(|layer| layer.digest);
        for digest in [image.manifest_digest, image.config_digest].into_iter().chain(layers) {
            if done.insert(digest) {
                let (mut file, size) = store.open_blob(&digest)?;
                let name = format!("blobs/sha256/{}", digest.hex());
                write_file(to, &name, size, &mut file).at("write", ARCHIVE)?;
            }
        }
    }
    Ok(())
}

fn save_docker(store: &Store, images: &[(&Image, Vec<Reference>)], to: &mut impl Write) -> Result<()> {
    let mut entries = Vec::new();
    let mut repositories = Repositories::new();
    for (image, names) in images {
        let tagged = names.iter().filter_map(|name| Some((name, name.tag_or_latest()?)));
        let tags = tagged.clone().map(|(name, tag)| format!("{}:{tag}", name.familiar_repository()));
        entries.push(DockerImage {
            config: format!("{}.json", image.config_digest.hex()),
            repo_tags: Some(tags.collect()),
            layers: Some(image.config.diff_ids.iter().map(layer_name).collect()),
        });
        if let Some(top) = image.config.diff_ids.last() {
            for (name, tag) in tagged {
                repositories
                    .entry(name.familiar_repository())
                    .or_default()
                    .insert(tag.to_string(), top.hex());
            }
        }
    }
    put_bytes(to, "manifest.json", &json(&entries)?)?;
    put_bytes(to, "repositories", &json(&repositories)?)?;
    let mut done = BTreeSet::new();
    for (image, _) in images {
        if done.insert(image.config_digest) {
            put_bytes(to, &format!("{}.json", image.config_digest.hex()), &image.config_bytes)?;
        }
        for (layer, diff_id) in image.layers() {
            if done.insert(diff_id) {
                put_plain_layer(store, layer, &diff_id, to)?;
            }
        }
    }
    Ok(())
}

fn layer_name(diff_id: &Digest) -> String {
    format!("{}.tar", diff_id.hex())
}

/// Tar wants the size before the bytes, so a packed layer is read twice: once to measure and verify.
fn put_plain_layer(store: &Store, layer: &Descriptor, diff_id: &Digest, to: &mut impl Write) -> Result<()> {
    let what = format!("layer {}", layer.digest.short());
    let broken = |error: io::Error| Error::BrokenStream { what: what.clone(), why: reason(&error) };
    let (_, mut plain) = compression::decoder(store.open_blob(&layer.digest)?.0).map_err(broken)?;
    let mut measure = Measure { hasher: sha2::Sha256::new(), size: 0 };
    io::copy(&mut plain, &mut measure).map_err(broken)?;
    let found = Digest::from_raw(measure.hasher.finalize().into());
    if found != *diff_id {
        return Err(Error::WrongDigest { what: format!("{what} unpacked"), expected: *diff_id, found });
    }
    let (_, mut plain) = compression::decoder(store.open_blob(&layer.digest)?.0).map_err(broken)?;
    write_file(to, &layer_name(diff_id), measure.size, &mut plain).at("write", ARCHIVE)
}

struct Measure {
    hasher: sha2::Sha256,
    size: u64,
}

impl Write for Measure {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn put_bytes(to: &mut impl Write, name: &str, mut bytes: &[u8]) -> Result<()> {
    write_file(to, name, bytes.len() as u64, &mut bytes).at("write", ARCHIVE)
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::BadImage { what: ARCHIVE.to_string(), why: error.to_string() })
}
