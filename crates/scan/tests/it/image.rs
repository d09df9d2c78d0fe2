//! Images in memory: a list of layers, each a list of files and removals.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plimsoll_model::{EntryKind, FileTree, ImageConfig, MemoryTree, TreeEntry};
use plimsoll_scan::{
    AdvisoryFolder, AdvisoryRecords, BrokenArchive, LayerEntry, LayerEntryKind, LayerFiles, LayerListing,
    ScanInput, ScanReport, scan,
};

#[derive(Default)]
pub struct Image {
    pub config: ImageConfig,
    layers: Vec<LayerListing>,
    bodies: BTreeMap<(usize, String), Vec<u8>>,
    links: Vec<(usize, String, String)>,
}

impl Image {
    pub fn layer(mut self, files: &[(&str, &str)]) -> Self {
        let number = self.layers.len();
        let entries = files.iter().map(|(path, text)| LayerEntry::file(*path, text.len() as u64));
        self.layers.push(LayerListing { entries: entries.collect(), ..Default::default() });
        for (path, text) in files {
            self.bodies.insert((number, path.to_string()), text.as_bytes().to_vec());
        }
        self
    }

    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        let number = self.layers.len() - 1;
        self.layers[number].entries.push(LayerEntry::new(path, LayerEntryKind::Symlink));
        self.links.push((number, path.to_string(), target.to_string()));
        self
    }

    /// A layer that removes one path and adds nothing.
    pub fn removing(mut self, path: &str) -> Self {
        let entries = vec![LayerEntry::new(path, LayerEntryKind::Whiteout)];
        self.layers.push(LayerListing { entries, ..Default::default() });
        self
    }

    pub fn scan(&self, advisories: Option<&dyn AdvisoryRecords>) -> ScanReport {
        let tree = self.tree();
        let (layers, files, config) = (&self.layers, self, &self.config);
        scan(&ScanInput { tree: &tree, layers, files, config, advisories })
    }

    fn tree(&self) -> MemoryTree {
        let mut tree = MemoryTree::default();
        for ((layer, path), bytes) in &self.bodies {
            let is_gone = self.layers[layer + 1..].iter().flat_map(|layer| &layer.entries).any(|entry| {
                entry.kind == LayerEntryKind::Whiteout
                    && (entry.path == *path || path.starts_with(&format!("{}/", entry.path)))
            });
            let is_newer = tree.lookup(path).is_none_or(|entry| entry.layer <= *layer);
            if !is_gone && is_newer {
                let size = bytes.len() as u64;
                let entry =
                    TreeEntry { kind: EntryKind::File, mode: 0o644, uid: 0, gid: 0, size, layer: *layer };
                tree.put(path, entry, bytes);
            }
        }
        for (_, path, target) in &self.links {
            tree.symlink(path, target);
        }
        tree
    }
}

impl LayerFiles for Image {
    fn read_in_layer(&self, layer: usize, path: &str, limit: u64) -> Option<Vec<u8>> {
        self.bodies.get(&(layer, path.to_string())).filter(|bytes| bytes.len() as u64 <= limit).cloned()
    }
}

/// A directory in the public bucket's layout.
pub struct Bucket(pub PathBuf);

impl AdvisoryRecords for Bucket {
    fn folder(&self, ecosystem: &str) -> Result<Option<AdvisoryFolder<'_>>, BrokenArchive> {
        Ok(std::fs::read(self.0.join(ecosystem).join("all.zip"))
            .ok()
            .map(|bytes| AdvisoryFolder::Zip(bytes.into())))
    }
}

/// Records written in the test, the same for each ecosystem.
pub struct Records(pub Vec<&'static str>);

impl AdvisoryRecords for Records {
    fn folder(&self, _: &str) -> Result<Option<AdvisoryFolder<'_>>, BrokenArchive> {
        Ok(Some(AdvisoryFolder::Json(self.0.iter().map(|record| record.as_bytes().to_vec()).collect())))
    }
}

pub const DEBIAN_12: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

/// dpkg's paragraphs: name, version and the Source field, which may be empty.
pub fn dpkg_status(packages: &[(&str, &str, &str)]) -> String {
    let stanza = |(name, version, source): &(&str, &str, &str)| {
        let source = if source.is_empty() { String::new() } else { format!("Source: {source}\n") };
        format!(
            "Package: {name}\nStatus: install ok installed\n{source}Architecture: amd64\nVersion: {version}\n\n"
        )
    };
    packages.iter().map(stanza).collect()
}
