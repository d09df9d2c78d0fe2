//! An image as others see it: its saved archive, read by an independent tar reader.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

use crate::harness::World;

/// One file of a saved image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Owner and group.
    pub owner: (u64, u64),
    /// Permission bits.
    pub mode: u32,
    /// 'f', 'd', 'l' or '?'.
    pub kind: char,
    /// Bytes of a file, target of a link.
    pub content: String,
    /// Time of the last change.
    pub mtime: u64,
}

/// All files of an image by absolute path, the layers laid over each other.
#[track_caller]
pub fn files(world: &World, image: &str) -> BTreeMap<String, Saved> {
    let output = world.run(&["save", image]);
    files_of_archive(&output.ok().bytes)
}

/// All files of a saved image.
pub fn files_of_archive(archive: &[u8]) -> BTreeMap<String, Saved> {
    let parts = parts(archive);
    let manifest: Value = serde_json::from_slice(&parts["manifest.json"]).expect("manifest.json is JSON");
    let mut files = BTreeMap::new();
    for layer in manifest[0]["Layers"].as_array().expect("manifest.json lists layers") {
        lay(&parts[layer.as_str().expect("a layer is named")], &mut files);
    }
    files
}

/// The entries of a docker-archive.
fn parts(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut parts = BTreeMap::new();
    for entry in tar::Archive::new(archive).entries().expect("a tar") {
        let mut entry = entry.expect("a tar entry");
        let path = entry.path().expect("a path").display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("an entry can be read");
        parts.insert(path, bytes);
    }
    parts
}

fn lay(layer: &[u8], files: &mut BTreeMap<String, Saved>) {
    let plain: Box<dyn Read + '_> = match layer.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(flate2::read::MultiGzDecoder::new(layer)),
        false => Box::new(layer),
    };
    for entry in tar::Archive::new(plain).entries().expect("a layer is a tar") {
        let mut entry = entry.expect("a layer's entry");
        let path = format!("/{}", entry.path().expect("a path").display()).trim_end_matches('/').to_string();
        let (directory, name) = path.rsplit_once('/').expect("an absolute path");
        if let Some(hidden) = name.strip_prefix(".wh.") {
            let gone = format!("{directory}/{hidden}");
            let below = format!("{}/", if hidden == ".wh..opq" { directory } else { &gone });
            files.retain(|known, _| !known.starts_with(&below) && *known != gone);
            continue;
        }
        let mut content = String::new();
        let kind = entry.header().entry_type();
        let link = entry.link_name().expect("a link").map(|target| target.display().to_string());
        let kind = match kind {
            tar::EntryType::Directory => 'd',
            tar::EntryType::Symlink => 'l',
            tar::EntryType::Link => 'h',
            tar::EntryType::Regular => 'f',
            _ => '?',
        };
        if kind == 'f' {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("a file can be read");
            content = String::from_utf8_lossy(&bytes).into_owned();
        }
        let header = entry.header();
        let saved = Saved {
            owner: (header.uid().expect("a number"), header.gid().expect("a number")),
            mode: header.mode().expect("a number") & 0o7777,
            kind,
            content: link.unwrap_or(content),
            mtime: header.mtime().expect("a number"),
        };
        files.insert(path, saved);
    }
}

/// The `Config` of `inspect`.
#[track_caller]
pub fn config(world: &World, image: &str) -> Value {
    world.run(&["inspect", image]).ok().json()[0]["Config"].clone()
}

/// The manifest digest of an image.
#[track_caller]
pub fn digest(world: &World, image: &str) -> String {
    world.run(&["inspect", image]).ok().json()[0]["Digest"].as_str().expect("a digest").to_string()
}
