//! Images out of the archives that `docker save` and `plimsoll save` write, read by one reader that
//! belongs to neither.
//!
//! Unlike `saved.rs` it tells everything that two file systems can differ in, and reads archives of
//! many images, each layer once.

use std::collections::BTreeMap;
use std::io::Read;

use plimsoll_model::Digest;
use serde_json::Value;

/// A file, whatever its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `file`, `dir`, `symlink`, `char`, `block`, `fifo`.
    pub kind: &'static str,
    /// Permission bits, set-id bits, sticky bit.
    pub mode: u32,
    /// Owner and group.
    pub owner: (u64, u64),
    /// Digest of a file, target of a link, numbers of a device.
    pub content: String,
    /// Extended attributes.
    pub attributes: BTreeMap<String, Vec<u8>>,
}

/// An image: its configuration and its root file system.
#[derive(Debug, Default)]
pub struct Image {
    /// The whole configuration document.
    pub config: Value,
    /// The node each absolute path names.
    pub paths: BTreeMap<String, usize>,
    nodes: Vec<Node>,
}

impl Image {
    /// What stands at a path.
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.paths.get(path).map(|node| &self.nodes[*node])
    }

    /// The first name of what stands at a path: equal for hard links to one file.
    pub fn first_name(&self, path: &str) -> Option<&str> {
        let node = self.paths.get(path)?;
        self.paths.iter().find(|(_, other)| *other == node).map(|(name, _)| name.as_str())
    }

    fn lay(&mut self, layer: &[Entry]) {
        for entry in layer {
            match &entry.what {
                What::Gone => self.remove(&entry.path, true),
                What::Opaque => self.remove(&entry.path, false),
                What::Link(target) => {
                    let node = *self.paths.get(target).expect("a hard link follows its file");
                    self.paths.insert(entry.path.clone(), node);
                }
                What::Node(node) => {
                    if node.kind != "dir" {
                        self.remove(&entry.path, true);
                    }
                    self.paths.insert(entry.path.clone(), self.nodes.len());
                    self.nodes.push(node.clone());
                }
            }
        }
    }

    fn remove(&mut self, path: &str, itself: bool) {
        let below = format!("{path}/");
        self.paths.retain(|known, _| !(known.starts_with(&below) || itself && known == path));
    }
}

/// One entry of a layer.
struct Entry {
    path: String,
    what: What,
}

enum What {
    /// The file of this name below is gone.
    Gone,
    /// What lies in this directory below is gone.
    Opaque,
    Link(String),
    Node(Node),
}

/// The images of a docker-archive, by name without the tag.
pub fn read(archive: &[u8]) -> BTreeMap<String, Image> {
    let parts = members(archive);
    let json = |name: &str| -> Value { serde_json::from_slice(&parts[name]).expect("JSON") };
    let mut layers: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let mut images = BTreeMap::new();
    for description in json("manifest.json").as_array().expect("a list of images") {
        let mut image =
            Image { config: json(description["Config"].as_str().expect("a name")), ..Image::default() };
        for name in description["Layers"].as_array().expect("a list of layers") {
            let name = name.as_str().expect("a name");
            let layer = layers.entry(name.to_string()).or_insert_with(|| entries(&parts[name]));
            image.lay(layer);
        }
        let tag = description["RepoTags"][0].as_str().expect("a named image");
        images.insert(tag.trim_end_matches(":latest").to_string(), image);
    }
    images
}

/// The files of an archive; docker writes a layer that it has written already as a link to it.
fn members(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut parts = BTreeMap::new();
    let mut links = Vec::new();
    for entry in tar::Archive::new(archive).entries().expect("a tar") {
        let mut entry = entry.expect("a tar entry");
        let path = entry.path().expect("a path").display().to_string();
        if let Some(target) = entry.link_name().expect("a link") {
            links.push((path, target.display().to_string().trim_start_matches("../").to_string()));
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("an entry can be read");
        parts.insert(path, bytes);
    }
    for (path, target) in links {
        let bytes = parts[&target].clone();
        parts.insert(path, bytes);
    }
    parts
}

fn entries(layer: &[u8]) -> Vec<Entry> {
    let plain: Box<dyn Read + '_> = match layer.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(flate2::read::MultiGzDecoder::new(layer)),
        false => Box::new(layer),
    };
    let mut archive = tar::Archive::new(plain);
    let all = archive.entries().expect("a layer is a tar");
    let mut entries: Vec<Entry> =
        all.filter_map(|entry| read_entry(&mut entry.expect("a layer's entry"))).collect();
    // Whiteouts speak of the layers below, wherever they stand in their own.
    entries.sort_by_key(|entry| !matches!(entry.what, What::Gone | What::Opaque));
    entries
}

fn read_entry(entry: &mut tar::Entry<'_, impl Read>) -> Option<Entry> {
    let absolute = |path: &std::path::Path| {
        let path = path.display().to_string();
        format!("/{}", path.trim_start_matches("./").trim_matches('/'))
    };
    let path = absolute(&entry.path().expect("a path"));
    if path == "/" {
        return None;
    }
    let (directory, name) = path.rsplit_once('/').expect("an absolute path");
    if name == ".wh..wh..opq" {
        return Some(Entry { path: directory.to_string(), what: What::Opaque });
    }
    if let Some(hidden) = name.strip_prefix(".wh.") {
        return Some(Entry { path: format!("{directory}/{hidden}"), what: What::Gone });
    }
    if entry.header().entry_type() == tar::EntryType::Link {
        let target = absolute(&entry.link_name().expect("a link").expect("a target"));
        return Some(Entry { path, what: What::Link(target) });
    }
    let node = read_node(entry);
    Some(Entry { path, what: What::Node(node) })
}

fn read_node(entry: &mut tar::Entry<'_, impl Read>) -> Node {
    use tar::EntryType;
    let attributes = attributes(entry);
    let header = entry.header().clone();
    let target = entry.link_name().expect("a link").map(|target| target.display().to_string());
    let numbers = format!("{:?}:{:?}", header.device_major().ok(), header.device_minor().ok());
    let (kind, content) = match header.entry_type() {
        EntryType::Directory => ("dir", String::new()),
        EntryType::Symlink => ("symlink", target.expect("a target")),
        EntryType::Char => ("char", numbers),
        EntryType::Block => ("block", numbers),
        EntryType::Fifo => ("fifo", String::new()),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("a file can be read");
            ("file", Digest::of(&bytes).to_string())
        }
        other => panic!("an entry of type {other:?} in a layer"),
    };
    let number = |value: std::io::Result<u64>| value.expect("a number");
    Node {
        kind,
        // The kernel ignores the mode of a link.
        mode: if kind == "symlink" { 0 } else { header.mode().expect("a number") & 0o7777 },
        owner: (number(header.uid()), number(header.gid())),
        content,
        attributes,
    }
}

/// Attributes stand in PAX records as `SCHILY.xattr.NAME`.
fn attributes(entry: &mut tar::Entry<'_, impl Read>) -> BTreeMap<String, Vec<u8>> {
    let Some(records) = entry.pax_extensions().expect("PAX records") else { return BTreeMap::new() };
    let records = records.map(|record| record.expect("a PAX record"));
    records
        .filter_map(|record| {
            let name = record.key().ok()?.strip_prefix("SCHILY.xattr.")?;
            Some((name.to_string(), record.value_bytes().to_vec()))
        })
        .collect()
}
