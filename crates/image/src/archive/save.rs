//! Writing archives. The same images give the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use plimsoll_model::manifest::{Descriptor, Index, media};
use plimsoll_model::{Digest, Reference};
use plimsoll_sys::root_dir::RootDir;
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
    pub fn save(&self, images: &[Image], format: Format, to: impl Write) -> Result<()> {
        let mut named = Vec::with_capacity(images.len());
        for image in images {
            let names = match &image.reference {
                Some(reference) => vec![reference.clone()],
                None => self.names_of(&image.listed)?,
            };
            named.push((image, names));
        }
        match format {
            Format::Docker => self.save_docker(&named, to),
            Format::Oci => {
                let listed = named.into_iter().map(|(image, names)| Saved::new(image.listed, names));
                self.save_layout(&listed.collect::<Vec<_>>(), to)
            }
        }
    }

    /// Write images, or indexes of several, as an OCI layout in a tar stream.
    pub fn save_layout(&self, saved: &[Saved], mut to: impl Write) -> Result<()> {
        write_layout(self, saved, &mut TarLayout(&mut to))?;
        write_end(&mut to).and_then(|()| to.flush()).at("write", ARCHIVE)
    }

    /// Write them as an OCI layout into an empty directory.
    pub fn save_layout_directory(&self, saved: &[Saved], to: &RootDir) -> Result<()> {
        write_layout(self, saved, &mut DirectoryLayout(to))
    }

    /// Write images under these names in docker's form.
    pub fn save_docker(&self, images: &[(&Image, Vec<Reference>)], mut to: impl Write) -> Result<()> {
        save_docker(self, images, &mut to)?;
        write_end(&mut to).and_then(|()| to.flush()).at("write", ARCHIVE)
    }
}

/// What goes into an OCI layout.
#[derive(Debug, Clone)]
pub struct Saved {
    /// A manifest, or an index of several.
    pub listed: Digest,
    /// The names it gets there.
    pub names: Vec<Reference>,
    /// Further annotations of its entry.
    pub annotations: BTreeMap<String, String>,
}

impl Saved {
    /// Without annotations but its names.
    pub fn new(listed: Digest, names: Vec<Reference>) -> Self {
        Saved { listed, names, annotations: BTreeMap::new() }
    }
}

/// Where the files of a layout go.
trait Layout {
    fn directory(&mut self, name: &str) -> io::Result<()>;
    fn file(&mut self, name: &str, size: u64, content: &mut dyn Read) -> io::Result<()>;
}

struct TarLayout<'a, W>(&'a mut W);

impl<W: Write> Layout for TarLayout<'_, W> {
    // containers/image, as an ordinary user, cannot make up missing directories: it gives them to root.
    fn directory(&mut self, name: &str) -> io::Result<()> {
        let name = format!("{name}/").into_bytes();
        self.0.write_all(&header(&Fields { kind: b'5', mode: 0o755, ..Fields::marker(&name) }))
    }

    fn file(&mut self, name: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        write_file(self.0, name, size, content)
    }
}

struct DirectoryLayout<'a>(&'a RootDir);

impl Layout for DirectoryLayout<'_> {
    fn directory(&mut self, name: &str) -> io::Result<()> {
        self.0.mkdir(name, 0o755)
    }

    fn file(&mut self, name: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        let copied = io::copy(&mut content.take(size), &mut self.0.create_file(name, 0o644)?)?;
        if copied < size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}

fn write_layout(store: &Store, saved: &[Saved], to: &mut dyn Layout) -> Result<()> {
    let mut manifests = Vec::new();
    let mut parts = Vec::new();
    for one in saved {
        let all = store.parts(&one.listed)?;
        let own = all.manifests.last().map_or(0, |listed| listed.size);
        let media_type = all.manifests.last().map_or(media::OCI_MANIFEST, |listed| &listed.media_type);
        let plain = Descriptor::new(media_type, one.listed, own);
        let plain = Descriptor { annotations: one.annotations.clone(), ..plain };
        let with_name = |name: &Reference| {
            let mut entry = plain.clone();
            for key in [ANNOTATION_CONTAINERD, ANNOTATION_NAME] {
                entry.annotations.insert(key.to_string(), name.canonical());
            }
            entry
        };
        match one.names.is_empty() {
            true => manifests.push(plain),
            false => manifests.extend(one.names.iter().map(with_name)),
        }
        parts.extend(all.manifests.into_iter().rev().chain(all.blobs));
    }
    let index = Index {
        schema_version: 2,
        media_type: Some(media::OCI_INDEX.to_string()),
        manifests,
        annotations: BTreeMap::new(),
    };
    let marker = br#"{"imageLayoutVersion":"1.0.0"}"#;
    to.file("oci-layout", marker.len() as u64, &mut marker.as_slice()).at("write", ARCHIVE)?;
    let index = json(&index)?;
    to.file("index.json", index.len() as u64, &mut index.as_slice()).at("write", ARCHIVE)?;
    to.directory("blobs").and_then(|()| to.directory("blobs/sha256")).at("write", ARCHIVE)?;
    let mut done = BTreeSet::new();
    for digest in parts.into_iter().map(|part| part.digest).filter(|digest| done.insert(*digest)) {
        let (mut file, size) = store.open_blob(&digest)?;
        to.file(&format!("blobs/sha256/{}", digest.hex()), size, &mut file).at("write", ARCHIVE)?;
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
