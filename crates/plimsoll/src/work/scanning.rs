//! A scan with the files and the data base as they lie on disk.

use std::path::{Path, PathBuf};

use plimsoll_build::provenance::Provenance;
use plimsoll_image::history::history;
use plimsoll_image::layer::{EntryKind, LayerIndex, LayeredTree};
use plimsoll_image::{Image, Store};
use plimsoll_model::{Digest, Reference};
use plimsoll_scan::{
    AdvisoryArchive, AdvisoryFolder, AdvisoryRecords, BrokenArchive, LayerEntry, LayerEntryKind, LayerFiles,
    LayerListing, ScanInput, ScanReport, cyclonedx, scan,
};
use plimsoll_sys::root_dir::RootDir;

use crate::command_error::CommandError;

/// Scan an image of the store; `database` is a directory or archive in the OSV bucket's layout.
pub fn scan_image(
    store: &Store,
    image: &Image,
    tree: &LayeredTree,
    database: Option<&Path>,
) -> Result<ScanReport, CommandError> {
    let built = Provenance::load(store, &image.manifest_digest);
    let mut layers = Vec::new();
    for (index, step) in history(image).into_iter().enumerate() {
        let Some((_, diff_id)) = step.layer else { continue };
        let listing = store.layer_index(&diff_id).map_err(CommandError::failure)?;
        let line = built.as_ref().and_then(|built| built.line(index));
        let from_base = built.is_some() && line.is_none();
        layers.push(LayerListing {
            entries: entries(&listing),
            created_by: step.entry.created_by,
            line,
            from_base,
        });
    }
    let files = StoreFiles { store, diff_ids: image.config.diff_ids.clone() };
    let advisories = database.map(Advisories::open).transpose()?;
    let input = ScanInput {
        tree,
        layers: &layers,
        files: &files,
        config: &image.config,
        advisories: advisories.as_ref().map(|advisories| advisories as &dyn AdvisoryRecords),
    };
    Ok(scan(&input))
}

/// What a bill of materials is about: an image under a name, or under its id's beginning.
pub fn bill_subject(image: &Image, manifest: &Digest, name: Option<&Reference>) -> cyclonedx::Subject {
    let version = env!("CARGO_PKG_VERSION");
    cyclonedx::Subject::of_image(&image.config, image.config_digest, *manifest, name, version)
}

fn entries(index: &LayerIndex) -> Vec<LayerEntry> {
    let mut listed = Vec::with_capacity(index.entries().len());
    for entry in index.entries() {
        let path = absolute(&entry.path);
        let (kind, size, digest) = match &entry.kind {
            EntryKind::File { size, digest, link_of: None } => (LayerEntryKind::File, *size, Some(*digest)),
            EntryKind::File { link_of: Some(first), .. } => {
                (LayerEntryKind::HardLink(absolute(first)), 0, None)
            }
            EntryKind::Directory { opaque, .. } => {
                if *opaque {
                    listed.push(LayerEntry::new(path.clone(), LayerEntryKind::Opaque));
                }
                (LayerEntryKind::Directory, 0, None)
            }
            EntryKind::Symlink(_) => (LayerEntryKind::Symlink, 0, None),
            EntryKind::Fifo | EntryKind::Device { .. } => (LayerEntryKind::Special, 0, None),
            EntryKind::Whiteout => (LayerEntryKind::Whiteout, 0, None),
        };
        listed.push(LayerEntry { path, kind, size, digest });
    }
    listed
}

fn absolute(path: &[u8]) -> String {
    format!("/{}", String::from_utf8_lossy(path))
}

/// Files of single layers, as they are unpacked in the store.
struct StoreFiles<'a> {
    store: &'a Store,
    diff_ids: Vec<Digest>,
}

impl LayerFiles for StoreFiles<'_> {
    fn read_in_layer(&self, layer: usize, path: &str, limit: u64) -> Option<Vec<u8>> {
        let directory = self.store.layer_fs(self.diff_ids.get(layer)?);
        RootDir::open(&directory).ok()?.read_file(path.trim_start_matches('/'), limit).ok()
    }
}

/// A data base on disk: a directory in the bucket's layout, or one zip file.
enum Advisories {
    /// `ECOSYSTEM/all.zip` or `ECOSYSTEM/*.json`.
    Directory(PathBuf),
    /// All in one file.
    Archive(AdvisoryArchive),
}

impl Advisories {
    fn open(path: &Path) -> Result<Self, CommandError> {
        let failed =
            |why: String| CommandError::usage(format!("{} is no advisory data base: {why}", path.display()));
        if path.is_dir() {
            return Ok(Advisories::Directory(path.to_path_buf()));
        }
        let bytes = std::fs::read(path).map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
        AdvisoryArchive::new(bytes).map(Advisories::Archive).map_err(|error| failed(error.to_string()))
    }
}

impl AdvisoryRecords for Advisories {
    fn folder(&self, ecosystem: &str) -> Result<Option<AdvisoryFolder<'_>>, BrokenArchive> {
        let root = match self {
            Advisories::Archive(archive) => return archive.folder(ecosystem),
            Advisories::Directory(root) => root,
        };
        // The name comes from the image's os-release: it must stay one component.
        if ecosystem.is_empty() || ecosystem.contains('/') || ecosystem.starts_with('.') {
            return Ok(None);
        }
        let folder = root.join(ecosystem);
        let unreadable = |path: &Path, error: std::io::Error| BrokenArchive::Unreadable {
            path: path.display().to_string(),
            why: plimsoll_image::error::reason(&error),
        };
        let archive = folder.join("all.zip");
        if archive.is_file() {
            let bytes = std::fs::read(&archive).map_err(|error| unreadable(&archive, error))?;
            return Ok(Some(AdvisoryFolder::Zip(bytes.into())));
        }
        if !folder.is_dir() {
            return Ok(None);
        }
        let mut records = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, error))?.flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                records.push(std::fs::read(&path).map_err(|error| unreadable(&path, error))?);
            }
        }
        Ok(Some(AdvisoryFolder::Json(records)))
    }
}
