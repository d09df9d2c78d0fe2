//! Reading archives of either form, in one pass: blobs and layers go straight into the store, small
//! JSON files are kept, and what the archive means is decided at its end. Names are given last, so a
//! broken archive leaves no image.

use std::collections::BTreeMap;
use std::io::Read;

use plimsoll_model::manifest::{Descriptor, Index, Manifest, media};
use plimsoll_model::{Digest, ImageConfig, Platform, Reference};
use serde::de::DeserializeOwned;

use super::LoadedImage;
use super::save::ANNOTATION_CONTAINERD;
use super::wire::DockerImage;
use crate::compression::{self, Compression};
use crate::error::{Error, Result, reason};
use crate::image::JSON_LIMIT;
use crate::image_index::{is_attestation, platform_of};
use crate::layer::tar_reader::{TarEntry, TarKind, TarReader};
use crate::layer::{refuse_entry, tar_error};
use crate::path;
use crate::store::{ANNOTATION_NAME, Store};

/// An archive with more files than this is refused.
const FILE_LIMIT: usize = 100_000;

/// All JSON files of an archive together; they are kept in memory.
const JSON_TOTAL_LIMIT: u64 = 64 << 20;

/// An index inside an index inside an index: nobody needs more.
const NESTING_LIMIT: usize = 4;

const WHAT: &str = "the archive";

impl Store {
    /// Read an archive of either form, packed or not, and tag what is in it.
    pub fn load(&self, from: impl Read) -> Result<Vec<LoadedImage>> {
        let _hold = self.hold()?;
        let contents = Contents::read(self, from)?;
        let found = match contents.json.contains_key("index.json") {
            true => contents.oci_images(self)?,
            false => contents.docker_images(self)?,
        };
        let loaded = found.into_iter().map(|(manifest, references)| self.loaded(manifest, references));
        let loaded = loaded.collect::<Result<Vec<_>>>()?;
        for image in &loaded {
            self.keep(&image.manifest)?;
            image.references.iter().try_for_each(|name| self.tag(&image.manifest, name))?;
        }
        Ok(loaded)
    }

    pub(super) fn loaded(&self, manifest: Digest, references: Vec<Reference>) -> Result<LoadedImage> {
        let config = self.image_for(&manifest, &Platform::host())?.config_digest;
        Ok(LoadedImage { manifest, config, references })
    }
}

/// A layer file of a docker archive, now a blob.
#[derive(Debug, Clone, Copy)]
struct StoredFile {
    digest: Digest,
    size: u64,
    compression: Compression,
}

/// What an archive held.
#[derive(Default)]
pub(super) struct Contents {
    /// Small files by name.
    json: BTreeMap<String, Vec<u8>>,
    /// All other files by name.
    files: BTreeMap<String, StoredFile>,
    /// Links between files, as old versions of docker wrote for equal layers.
    links: BTreeMap<String, String>,
}

fn refused(why: impl Into<String>) -> Error {
    Error::Refused { what: WHAT.to_string(), why: why.into() }
}

impl Contents {
    /// Nothing but an `index.json` whose blobs lie in the store.
    pub(super) fn of_index(bytes: Vec<u8>) -> Self {
        Contents { json: BTreeMap::from([("index.json".to_string(), bytes)]), ..Contents::default() }
    }

    fn read(store: &Store, from: impl Read) -> Result<Self> {
        let (_, plain) = compression::decoder(from).map_err(|error| refused(reason(&error)))?;
        let mut reader = TarReader::new(plain);
        let mut contents = Contents::default();
        let mut count = 0;
        while let Some(entry) = reader.next().map_err(|error| tar_error(WHAT, error))? {
            count += 1;
            if count > FILE_LIMIT {
                return Err(refused(format!("it holds more than {FILE_LIMIT} files")));
            }
            contents.take(store, entry, &mut reader)?;
        }
        match count {
            0 => Err(refused("it is empty")),
            _ => Ok(contents),
        }
    }

    fn take<R: Read>(&mut self, store: &Store, entry: TarEntry, reader: &mut TarReader<R>) -> Result<()> {
        if path::climbs_out(&entry.path) {
            return Err(refuse_entry(WHAT, &entry.path, "leads out of the archive with '..'"));
        }
        let name = String::from_utf8_lossy(&path::clean(&entry.path)).into_owned();
        match entry.kind {
            TarKind::Directory => {}
            TarKind::File => self.take_file(store, name, &entry, reader)?,
            TarKind::Symlink => {
                let parent = path::parent(name.as_bytes()).unwrap_or_default();
                let target = path::clean(&path::join(parent, &entry.link));
                self.links.insert(name, String::from_utf8_lossy(&target).into_owned());
            }
            TarKind::HardLink => {
                let target = path::clean(&entry.link);
                self.links.insert(name, String::from_utf8_lossy(&target).into_owned());
            }
            _ => return Err(refuse_entry(WHAT, &entry.path, "is neither a file nor a directory nor a link")),
        }
        Ok(())
    }

    fn take_file<R: Read>(
        &mut self,
        store: &Store,
        name: String,
        entry: &TarEntry,
        reader: &mut TarReader<R>,
    ) -> Result<()> {
        if let Some(hex) = name.strip_prefix("blobs/sha256/") {
            let digest: Digest = format!("sha256:{hex}")
                .parse()
                .map_err(|_| refuse_entry(WHAT, &entry.path, "is no blob: its name is no digest"))?;
            let compression = self.store_file(store, reader, Some((digest, entry.size)))?.compression;
            self.files.insert(name, StoredFile { digest, size: entry.size, compression });
        } else if is_small(&name) {
            if entry.size > JSON_LIMIT {
                return Err(Error::TooLarge { what: format!("'{name}' of the archive"), limit: JSON_LIMIT });
            }
            let total: usize = self.json.values().map(Vec::len).sum();
            if total as u64 + entry.size > JSON_TOTAL_LIMIT {
                let what = "the metadata of the archive".to_string();
                return Err(Error::TooLarge { what, limit: JSON_TOTAL_LIMIT });
            }
            let mut bytes = Vec::with_capacity(entry.size as usize);
            reader.data().read_to_end(&mut bytes).map_err(|error| tar_error(WHAT, error.into()))?;
            self.json.insert(name, bytes);
        } else if name.ends_with(".tar") || name.ends_with(".tar.gz") {
            let stored = self.store_file(store, reader, None)?;
            self.files.insert(name, stored);
        }
        Ok(())
    }

    fn store_file<R: Read>(
        &self,
        store: &Store,
        reader: &mut TarReader<R>,
        expected: Option<(Digest, u64)>,
    ) -> Result<StoredFile> {
        let mut data = reader.data();
        let mut start = Vec::with_capacity(8);
        data.by_ref().take(8).read_to_end(&mut start).map_err(|error| tar_error(WHAT, error.into()))?;
        let (digest, size) = store.put_blob(start.as_slice().chain(data), expected)?;
        Ok(StoredFile { digest, size, compression: Compression::detect(&start) })
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let bytes = self.json.get(name).ok_or_else(|| refused(format!("it has no file '{name}'")))?;
        serde_json::from_slice(bytes)
            .map_err(|error| refused(format!("its file '{name}' is damaged ({error})")))
    }

    /// The file a name means, links followed.
    fn file(&self, name: &str) -> Result<StoredFile> {
        let mut name = String::from_utf8_lossy(&path::clean(name.as_bytes())).into_owned();
        for _ in 0..NESTING_LIMIT {
            if let Some(found) = self.files.get(&name) {
                return Ok(*found);
            }
            match self.links.get(&name) {
                Some(target) => name = target.clone(),
                None => break,
            }
        }
        Err(refused(format!("it has no layer file '{name}'")))
    }

    pub(super) fn oci_images(&self, store: &Store) -> Result<Vec<(Digest, Vec<Reference>)>> {
        let index: Index = self.json("index.json")?;
        let mut found: Vec<(Digest, Vec<Reference>)> = Vec::new();
        for entry in &index.manifests {
            let manifest = match whole_index(store, entry)? {
                true => entry.digest,
                false => {
                    let Some(manifest) = choose_manifest(store, entry, 0)? else { continue };
                    verify_image(store, &manifest)?;
                    manifest
                }
            };
            let name = name_of(entry)?;
            match found.iter_mut().find(|(known, _)| *known == manifest) {
                Some((_, names)) => names.extend(name),
                None => found.push((manifest, name.into_iter().collect())),
            }
        }
        match found.is_empty() {
            true => Err(refused(format!("it holds no image for {}", Platform::host()))),
            false => Ok(found),
        }
    }

    fn docker_images(&self, store: &Store) -> Result<Vec<(Digest, Vec<Reference>)>> {
        if !self.json.contains_key("manifest.json") {
            let old = self.json.contains_key("repositories");
            return Err(refused(match old {
                true => "it was written by a Docker older than 1.10; load it there and save it again",
                false => "it has neither index.json nor manifest.json, so it is no archive of images",
            }));
        }
        let images: Vec<DockerImage> = self.json("manifest.json")?;
        images.iter().map(|image| self.docker_image(store, image)).collect()
    }

    fn docker_image(&self, store: &Store, image: &DockerImage) -> Result<(Digest, Vec<Reference>)> {
        let config_bytes = match self.json.get(image.config.as_str()) {
            Some(bytes) => bytes.clone(),
            None => {
                let blob = self.file(&image.config);
                let blob = blob.map_err(|_| refused(format!("it has no file '{}'", image.config)))?;
                store.read_blob(&blob.digest, JSON_LIMIT)?
            }
        };
        let config = ImageConfig::from_json(&config_bytes).map_err(|error| refused(error.to_string()))?;
        let files = image.layers.clone().unwrap_or_default();
        if files.len() != config.diff_ids.len() {
            let (files, ids) = (files.len(), config.diff_ids.len());
            return Err(refused(format!("an image lists {files} layers, but its configuration {ids}")));
        }
        let mut layers = Vec::new();
        for (name, diff_id) in files.iter().zip(&config.diff_ids) {
            let file = self.file(name)?;
            let media_type = match file.compression {
                Compression::Gzip => media::OCI_LAYER_GZIP,
                Compression::Zstd => media::OCI_LAYER_ZSTD,
                _ => media::OCI_LAYER,
            };
            if media_type == media::OCI_LAYER && file.digest != *diff_id {
                let what = format!("'{name}' of the archive");
                return Err(Error::WrongDigest { what, expected: *diff_id, found: file.digest });
            }
            layers.push(Descriptor::new(media_type, file.digest, file.size));
        }
        let config = store.put_bytes(&config_bytes)?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(media::OCI_MANIFEST.to_string()),
            config: Descriptor::new(media::OCI_CONFIG, config, config_bytes.len() as u64),
            layers,
            annotations: BTreeMap::new(),
        };
        let bytes = serde_json::to_vec(&manifest).map_err(|error| refused(error.to_string()))?;
        let names = image.repo_tags.iter().flatten().map(|name| name.parse().map_err(Error::from));
        Ok((store.put_bytes(&bytes)?, names.collect::<Result<_>>()?))
    }
}

/// Files whose content is looked at here, not kept as blobs.
fn is_small(name: &str) -> bool {
    matches!(name, "oci-layout" | "repositories") || (name.ends_with(".json") && !name.contains('/'))
}

/// The manifest an entry of an index means: itself, or the one for this machine in a nested index.
/// Attestations (platform `unknown/unknown`) are no images.
fn choose_manifest(store: &Store, entry: &Descriptor, depth: usize) -> Result<Option<Digest>> {
    let nested = matches!(entry.media_type.as_str(), media::OCI_INDEX | media::DOCKER_LIST);
    if !nested {
        let manifest = matches!(entry.media_type.as_str(), media::OCI_MANIFEST | media::DOCKER_MANIFEST);
        return Ok((manifest && !is_attestation(entry)).then_some(entry.digest));
    }
    if depth == NESTING_LIMIT {
        return Err(refused(format!("its indexes are nested more than {NESTING_LIMIT} deep")));
    }
    let bytes = store.read_blob(&entry.digest, JSON_LIMIT)?;
    let index: Index = serde_json::from_slice(&bytes)
        .map_err(|error| refused(format!("its index {} is damaged ({error})", entry.digest)))?;
    let images: Vec<&Descriptor> = index.manifests.iter().filter(|entry| !is_attestation(entry)).collect();
    let host = Platform::host();
    let ours = images.iter().find(|entry| platform_of(entry).is_none_or(|platform| platform.runs_on(&host)));
    // With a single image there is nothing to choose, whatever its platform.
    let chosen = ours.or(if images.len() == 1 { images.first() } else { None });
    match chosen {
        Some(entry) => choose_manifest(store, entry, depth + 1),
        None => Ok(None),
    }
}

/// The name an entry of `index.json` carries: containerd's annotation first, since those who write it
/// put only the tag into the standard one.
fn name_of(entry: &Descriptor) -> Result<Option<Reference>> {
    let name = entry.annotations.get(ANNOTATION_CONTAINERD).or(entry.annotations.get(ANNOTATION_NAME));
    Ok(name.map(|name| name.parse()).transpose()?)
}

/// Whether an entry is an index all of whose images are here: then it is kept as it is. Tools that
/// save one platform of several leave the others' blobs out.
fn whole_index(store: &Store, entry: &Descriptor) -> Result<bool> {
    if !matches!(entry.media_type.as_str(), media::OCI_INDEX | media::DOCKER_LIST) {
        return Ok(false);
    }
    match store.parts(&entry.digest) {
        Ok(parts) if parts.images.is_empty() => Ok(false),
        Ok(parts) => Ok(parts
            .blobs
            .iter()
            .all(|blob| store.open_blob(&blob.digest).is_ok_and(|(_, size)| size == blob.size))),
        Err(Error::MissingBlob { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Everything an image refers to must have come with the archive, or be here already.
fn verify_image(store: &Store, manifest: &Digest) -> Result<()> {
    let image = store.image(manifest)?;
    for layer in &image.manifest.layers {
        let (_, size) = store.open_blob(&layer.digest)?;
        if size != layer.size {
            let what = format!("layer {}", layer.digest);
            return Err(Error::WrongSize { what, expected: layer.size, found: size });
        }
    }
    Ok(())
}
