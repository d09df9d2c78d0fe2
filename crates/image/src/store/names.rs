//! Names of images: `index.json`, replaced as a whole under a lock.

use std::collections::BTreeMap;
use std::fs;

use plimsoll_model::manifest::{Descriptor, Index, media};
use plimsoll_model::user::nearest;
use plimsoll_model::{Digest, Platform, Reference};

use super::Store;
use crate::error::{AtFile as _, Error, Result};
use crate::image::{Image, ImageSummary};

/// The annotation that carries a name in `index.json` (OCI image-spec, `image-layout.md`).
pub const ANNOTATION_NAME: &str = "org.opencontainers.image.ref.name";

/// What a name led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Digest of the manifest, or of an index of several.
    pub manifest: Digest,
    /// The name, if it was found by a name and not by an id.
    pub reference: Option<Reference>,
}

/// An id prefix needs this many digits, so that a short name is not taken for one.
const SHORTEST_ID: usize = 4;

pub(super) fn empty_index() -> Result<Vec<u8>> {
    write_index(&Index {
        schema_version: 2,
        media_type: Some(media::OCI_INDEX.to_string()),
        manifests: Vec::new(),
        annotations: BTreeMap::new(),
    })
}

fn write_index(index: &Index) -> Result<Vec<u8>> {
    serde_json::to_vec(index)
        .map_err(|error| Error::BadImage { what: "index.json".into(), why: error.to_string() })
}

fn name_of(entry: &Descriptor) -> Option<Reference> {
    entry.annotations.get(ANNOTATION_NAME)?.parse().ok()
}

impl Store {
    /// All entries of `index.json`.
    pub(crate) fn index(&self) -> Result<Index> {
        let path = self.root.join("index.json");
        let bytes = fs::read(&path).at("read", &path)?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Damaged { path, why: error.to_string() })
    }

    pub(super) fn change_index<T>(&self, change: impl FnOnce(&mut Index) -> T) -> Result<T> {
        let _names = self.lock_names()?;
        let mut index = self.index()?;
        let before = write_index(&index)?;
        let result = change(&mut index);
        let after = write_index(&index)?;
        // Waiting for the disk is most of the time of a cached build.
        if after != before {
            self.write_file("index.json", &after)?;
        }
        Ok(result)
    }

    /// What a reference, a manifest digest or the beginning of an image id means here. A name wins
    /// over an id, as in docker.
    pub fn resolve(&self, name: &str) -> Result<Found> {
        let index = self.index()?;
        let reference = name.parse::<Reference>();
        if let Ok(reference) = &reference
            && let Some(entry) = find_name(&index, reference)
        {
            return Ok(Found { manifest: entry.digest, reference: Some(reference.clone()) });
        }
        if let Some(manifest) = self.find_id(&index, name)? {
            return Ok(Found { manifest, reference: None });
        }
        let reference = reference?;
        // As people write it: the usual tag is left out on both sides.
        let spelled = |name: Reference| match name.to_string() {
            text if reference.tag.is_none() => text.strip_suffix(":latest").unwrap_or(&text).to_string(),
            text => text,
        };
        let names: Vec<String> = index.manifests.iter().filter_map(name_of).map(spelled).collect();
        let nearest = nearest(&reference.to_string(), names.iter());
        Err(Error::NoSuchImage { name: name.to_string(), nearest })
    }

    fn find_id(&self, index: &Index, text: &str) -> Result<Option<Digest>> {
        let prefix = text.strip_prefix("sha256:").unwrap_or(text);
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if prefix.len() < SHORTEST_ID || !prefix.bytes().all(hex) {
            return Ok(None);
        }
        let mut found: Vec<(Digest, Digest)> = Vec::new();
        for entry in &index.manifests {
            let manifest = entry.digest;
            let config = match self.image_for(&manifest, &Platform::host()) {
                Ok(image) => image.config_digest,
                Err(_) if !self.is_listed(&manifest)? => continue,
                Err(error) => return Err(error),
            };
            let fits = [manifest, config].iter().any(|digest| digest.hex().starts_with(prefix));
            if fits && found.iter().all(|(known, _)| *known != manifest) {
                found.push((manifest, config));
            }
        }
        match found.as_slice() {
            [] => Ok(None),
            [(manifest, _)] => Ok(Some(*manifest)),
            // One image packed in several ways, or listed alone and in an index: any will do.
            [(manifest, config), others @ ..] if others.iter().all(|(_, other)| other == config) => {
                Ok(Some(*manifest))
            }
            several => Err(Error::AmbiguousImage {
                name: text.to_string(),
                ids: several.iter().map(|(_, config)| config.short()).collect(),
            }),
        }
    }

    /// Give an image a name. An image that had this name before and has no other stays, nameless.
    pub fn tag(&self, manifest: &Digest, reference: &Reference) -> Result<()> {
        let _hold = self.hold()?;
        let descriptor = self.descriptor(manifest)?;
        let name = reference.canonical();
        self.change_index(|index| {
            let before = index.manifests.clone();
            index.manifests.retain(|entry| entry.annotations.get(ANNOTATION_NAME) != Some(&name));
            for old in before {
                keep_entry(index, Descriptor { annotations: BTreeMap::new(), ..old });
            }
            let nameless = |entry: &Descriptor| entry.digest == *manifest && entry.annotations.is_empty();
            index.manifests.retain(|entry| !nameless(entry));
            let annotations = BTreeMap::from([(ANNOTATION_NAME.to_string(), name.clone())]);
            index.manifests.push(Descriptor { annotations, ..descriptor });
            index.manifests.sort_by_key(|entry| entry.annotations.get(ANNOTATION_NAME).cloned());
        })
    }

    /// List an image without giving it a name, unless it is listed already.
    pub fn keep(&self, manifest: &Digest) -> Result<()> {
        let _hold = self.hold()?;
        let descriptor = self.descriptor(manifest)?;
        self.change_index(|index| keep_entry(index, descriptor))
    }

    /// Take a name away; `false` if no image had it. An image without any other name stays, nameless.
    pub fn untag(&self, reference: &Reference) -> Result<bool> {
        let name = reference.canonical();
        self.change_index(|index| {
            let at = index
                .manifests
                .iter()
                .position(|entry| entry.annotations.get(ANNOTATION_NAME) == Some(&name));
            let Some(at) = at else { return false };
            let old = index.manifests.remove(at);
            keep_entry(index, Descriptor { annotations: BTreeMap::new(), ..old });
            true
        })
    }

    /// All images, named ones first, in the order of their names.
    pub fn images(&self) -> Result<Vec<ImageSummary>> {
        let mut names: BTreeMap<Digest, Vec<Reference>> = BTreeMap::new();
        for entry in &self.index()?.manifests {
            names.entry(entry.digest).or_default().extend(name_of(entry));
        }
        let mut summaries = Vec::with_capacity(names.len());
        for (manifest, mut references) in names {
            references.sort();
            match self.image_for(&manifest, &Platform::host()) {
                Ok(image) => summaries.push(self.summary(&image, references)?),
                // Another process removed it since we read the index.
                Err(_) if !self.is_listed(&manifest)? => {}
                Err(error) => return Err(error),
            }
        }
        summaries.sort_by_cached_key(|image| {
            (image.references.is_empty(), image.references.first().map(Reference::canonical))
        });
        Ok(summaries)
    }

    fn is_listed(&self, manifest: &Digest) -> Result<bool> {
        Ok(self.index()?.manifests.iter().any(|entry| entry.digest == *manifest))
    }

    fn summary(&self, image: &Image, references: Vec<Reference>) -> Result<ImageSummary> {
        let sizes: Option<Vec<u64>> = image.layers().map(|(_, diff_id)| self.layer_size(&diff_id)).collect();
        Ok(ImageSummary {
            references,
            manifest_digest: image.listed,
            config_digest: image.config_digest,
            created: image.config.created.clone(),
            packed_size: image.manifest.layers.iter().map(|layer| layer.size).sum(),
            size: sizes.map(|sizes| sizes.iter().sum()),
        })
    }

    /// All names of an image, sorted.
    pub fn names_of(&self, manifest: &Digest) -> Result<Vec<Reference>> {
        let index = self.index()?;
        let own = index.manifests.iter().filter(|entry| entry.digest == *manifest);
        let mut names: Vec<Reference> = own.filter_map(name_of).collect();
        names.sort();
        Ok(names)
    }

    fn descriptor(&self, manifest: &Digest) -> Result<Descriptor> {
        if let Some(found) = self.image_index(manifest)? {
            let media_type = found.index.media_type.as_deref().unwrap_or(media::OCI_INDEX);
            return Ok(Descriptor::new(media_type, *manifest, found.bytes.len() as u64));
        }
        let image = self.image(manifest)?;
        let media_type = image.manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        Ok(Descriptor::new(media_type, *manifest, image.manifest_bytes.len() as u64))
    }
}

fn find_name<'a>(index: &'a Index, reference: &Reference) -> Option<&'a Descriptor> {
    let name = reference.canonical();
    let exact = index.manifests.iter().find(|entry| entry.annotations.get(ANNOTATION_NAME) == Some(&name));
    exact.or_else(|| {
        // `name@digest` (with or without tag) also finds the manifest under another tag of the name.
        let digest = reference.digest?;
        index.manifests.iter().find(|entry| {
            let same = |name: Reference| {
                name.registry == reference.registry && name.repository == reference.repository
            };
            entry.digest == digest && name_of(entry).is_some_and(same)
        })
    })
}

/// List an image that is not listed.
fn keep_entry(index: &mut Index, entry: Descriptor) {
    if index.manifests.iter().all(|known| known.digest != entry.digest) {
        index.manifests.push(entry);
    }
}
