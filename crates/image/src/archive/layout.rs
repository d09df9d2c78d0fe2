//! Images in a directory: an OCI image layout (image-spec v1.1, `image-layout.md`) that is not a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use plimsoll_model::Digest;
use plimsoll_model::manifest::{Descriptor, Index, Manifest, media};
use plimsoll_sys::root_dir::RootDir;

use super::LoadedImage;
use super::load::Contents;
use crate::error::{AtFile as _, Error, Result, reason};
use crate::image::{Image, JSON_LIMIT};
use crate::store::Store;

/// Indexes and manifests of one layout, hostile ones included.
const DOCUMENT_LIMIT: usize = 10_000;

impl Store {
    /// Bring the images of a layout into the store. Nothing is named; the caller holds the store.
    pub fn load_layout(&self, directory: &Path) -> Result<Vec<LoadedImage>> {
        let root = RootDir::open(directory).at("open", directory)?;
        let index = root.read_file("index.json", JSON_LIMIT).at("read", directory.join("index.json"))?;
        let listed: Index = parse(directory, &index)?;
        let mut layout = Layout { store: self, directory, root, documents: 0 };
        listed.manifests.iter().try_for_each(|entry| layout.bring(entry))?;
        let contents = Contents::of_index(index);
        let images = contents.oci_images(self)?;
        images.into_iter().map(|(manifest, references)| self.loaded(manifest, references)).collect()
    }

    /// Write one image as the only content of a layout. What the layout held before is replaced if it
    /// carries the same `mark` (an annotation of its index); blobs both have are not written again.
    pub fn replace_layout(&self, image: &Image, directory: &Path, mark: &str) -> Result<()> {
        let blobs = directory.join("blobs/sha256");
        refuse_foreign(directory, mark)?;
        fs::create_dir_all(&blobs).at("create", &blobs)?;
        let layers = image.manifest.layers.iter().map(|layer| layer.digest);
        let digests: BTreeSet<Digest> = layers.chain([image.manifest_digest, image.config_digest]).collect();
        for digest in &digests {
            self.copy_blob(digest, &blobs)?;
        }
        let media_type = image.manifest.media_type.as_deref().unwrap_or(media::OCI_MANIFEST);
        let size = image.manifest_bytes.len() as u64;
        let index = Index {
            schema_version: 2,
            media_type: Some(media::OCI_INDEX.to_string()),
            manifests: vec![Descriptor::new(media_type, image.manifest_digest, size)],
            annotations: BTreeMap::from([(mark.to_string(), "1".to_string())]),
        };
        let json = serde_json::to_vec(&index)
            .map_err(|error| Error::BadImage { what: "the index".into(), why: error.to_string() })?;
        write_beside(directory, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        write_beside(directory, "index.json", &json)?;
        remove_others(&blobs, &digests)
    }

    fn copy_blob(&self, digest: &Digest, blobs: &Path) -> Result<()> {
        let target = blobs.join(digest.hex());
        if target.exists() {
            return Ok(());
        }
        let (mut from, _) = self.open_blob(digest)?;
        let mut file = tempfile::NamedTempFile::new_in(blobs).at("write to", blobs)?;
        std::io::copy(&mut from, &mut file).at("write to", blobs)?;
        file.persist(&target).map_err(|error| error.error).at("write", &target)?;
        Ok(())
    }
}

/// A layout being read.
struct Layout<'a> {
    store: &'a Store,
    directory: &'a Path,
    root: RootDir,
    documents: usize,
}

impl Layout<'_> {
    /// Bring a blob, and all it refers to, verified.
    fn bring(&mut self, entry: &Descriptor) -> Result<()> {
        if !self.store.has_blob(&entry.digest) {
            let name = format!("blobs/sha256/{}", entry.digest.hex());
            let file = self.root.open_file(&name).at("read", self.directory.join(&name))?;
            self.store.put_blob(file, Some((entry.digest, entry.size)))?;
        }
        match entry.media_type.as_str() {
            media::OCI_INDEX | media::DOCKER_LIST => {
                let index: Index = self.document(entry)?;
                index.manifests.iter().try_for_each(|entry| self.bring(entry))
            }
            media::OCI_MANIFEST | media::DOCKER_MANIFEST => {
                let manifest: Manifest = self.document(entry)?;
                self.bring(&manifest.config)?;
                manifest.layers.iter().try_for_each(|layer| self.bring(layer))
            }
            _ => Ok(()),
        }
    }

    fn document<T: serde::de::DeserializeOwned>(&mut self, entry: &Descriptor) -> Result<T> {
        self.documents += 1;
        if self.documents > DOCUMENT_LIMIT {
            let why = format!("it holds more than {DOCUMENT_LIMIT} manifests");
            return Err(Error::Refused { what: self.directory.display().to_string(), why });
        }
        parse(self.directory, &self.store.read_blob(&entry.digest, JSON_LIMIT)?)
    }
}

fn parse<T: serde::de::DeserializeOwned>(directory: &Path, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| Error::Refused {
        what: directory.display().to_string(),
        why: format!("a document of it is damaged ({error})"),
    })
}

/// A directory that holds something of somebody else stays as it is.
fn refuse_foreign(directory: &Path, mark: &str) -> Result<()> {
    let refused = |why: String| Err(Error::Refused { what: directory.display().to_string(), why });
    let path = directory.join("index.json");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let empty = fs::read_dir(directory).map_or(true, |mut entries| entries.next().is_none());
            return if empty { Ok(()) } else { refused("it holds other files; name a new directory".into()) };
        }
        Err(error) => return refused(reason(&error)),
    };
    match parse::<Index>(directory, &bytes)?.annotations.contains_key(mark) {
        true => Ok(()),
        false => refused("it holds images, which would be lost; name another directory".into()),
    }
}

fn write_beside(directory: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = directory.join(name);
    let mut file = tempfile::NamedTempFile::new_in(directory).at("write to", directory)?;
    file.write_all(bytes).at("write", &path)?;
    file.persist(&path).map_err(|error| error.error).at("write", &path)?;
    Ok(())
}

fn remove_others(blobs: &Path, keep: &BTreeSet<Digest>) -> Result<()> {
    let kept: BTreeSet<String> = keep.iter().map(Digest::hex).collect();
    for entry in fs::read_dir(blobs).at("read", blobs)? {
        let entry = entry.at("read", blobs)?;
        if entry.file_name().to_str().is_none_or(|name| !kept.contains(name)) {
            fs::remove_file(entry.path()).at("remove", entry.path())?;
        }
    }
    Ok(())
}
