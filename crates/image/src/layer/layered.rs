//! The merged view of layers: what a container sees, without mounting anything.
//!
//! A start of a container asks for a few files, of an image with tens of thousands: the first questions are
//! answered by looking through the indexes as they are, and only who asks for more has them merged.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use plimsoll_model::{Digest, FileTree, TreeEntry, TreeError, file_tree};
use plimsoll_sys::root_dir::RootDir;

use super::index::{EntryKind, IndexEntry, LayerIndex};
use super::wire::{self, Found};
use crate::error::{Error, Result, reason};
use crate::image::Image;
use crate::path;
use crate::store::Store;
use crate::tree::{SourceEntry, SourceKind, SourceTree};

/// Layers merged by overlay's rules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct LayeredTree(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    layers: Vec<Arc<Layer>>,
    /// What is visible, in walk order, once somebody wants to know it.
    visible: OnceLock<Vec<Place>>,
    /// The root where no layer brings one.
    root: IndexEntry,
    /// Questions answered without merging.
    asked: AtomicU32,
}

/// So many single questions cost less than merging.
const FEW: u32 = 24;

#[derive(Debug)]
struct Layer {
    /// The file form of the index, which is sound; empty where there is none.
    file: Vec<u8>,
    index: OnceLock<LayerIndex>,
    fs: PathBuf,
}

impl Layer {
    fn index(&self) -> &LayerIndex {
        self.index.get_or_init(|| wire::read(&self.file).unwrap_or_default())
    }

    fn find(&self, path: &[u8]) -> Found {
        wire::find(&self.file, path)
    }
}

/// An entry as (layer, position in its index).
#[derive(Debug, Clone, Copy)]
struct Place {
    layer: u32,
    entry: u32,
}

impl LayeredTree {
    /// Merge layers that are unpacked in the store, lowest first.
    pub fn open(store: &Store, diff_ids: &[Digest]) -> Result<Self> {
        let layer = |diff_id: &Digest| {
            let (file, fs) = (store.layer_index_file(diff_id)?, store.layer_fs(diff_id));
            Ok(Arc::new(Layer { file, index: OnceLock::new(), fs }))
        };
        let layers = diff_ids.iter().map(layer).collect::<Result<Vec<_>>>()?;
        Ok(LayeredTree::of(layers, OnceLock::new()))
    }

    fn of(layers: Vec<Arc<Layer>>, visible: OnceLock<Vec<Place>>) -> Self {
        LayeredTree(Arc::new(Inner { layers, visible, root: plain_root(), asked: AtomicU32::new(0) }))
    }

    /// The same under one more layer, whose files lie in an upper directory and have no digests yet.
    pub(super) fn with_upper(&self, index: LayerIndex, upper: &Path) -> Self {
        let mut layers = self.0.layers.clone();
        layers.push(Arc::new(Layer { file: Vec::new(), index: index.into(), fs: upper.to_path_buf() }));
        let visible = merge(&layers, self.visible(), layers.len() - 1);
        LayeredTree::of(layers, visible.into())
    }

    /// The tree without any layer: a root and nothing in it.
    pub fn empty() -> Self {
        LayeredTree::of(Vec::new(), OnceLock::new())
    }

    fn visible(&self) -> &[Place] {
        self.0.visible.get_or_init(|| {
            let layers = &self.0.layers;
            (0..layers.len()).fold(Vec::new(), |visible, number| merge(layers, &visible, number))
        })
    }

    /// The same as [`LayeredTree::get`], without merging for it as long as few questions are asked.
    fn look(&self, path: &[u8]) -> Option<(IndexEntry, usize)> {
        if self.0.visible.get().is_some() || self.0.asked.fetch_add(1, Ordering::Relaxed) >= FEW {
            return self.get(path).map(|(entry, layer)| (entry.clone(), layer));
        }
        let found = self.look_through(path);
        found.or_else(|| path.is_empty().then(|| (self.0.root.clone(), 0)))
    }

    /// Look through the layers from the top, by the rules of [`merge`].
    fn look_through(&self, path: &[u8]) -> Option<(IndexEntry, usize)> {
        // A directory of which an archive knows nothing but that it is there.
        let mut implied = None;
        for (number, layer) in self.0.layers.iter().enumerate().rev() {
            let Found { entry, hides_lower } = layer.find(path);
            match entry {
                Some(entry @ IndexEntry { kind: EntryKind::Directory { implied: true, .. }, .. }) => {
                    implied = Some((entry, number));
                }
                // What is no directory gives a directory above it no attributes.
                Some(entry) => {
                    let is_directory = matches!(entry.kind, EntryKind::Directory { .. });
                    let is_there = entry.kind != EntryKind::Whiteout;
                    return match implied {
                        Some(implied) if !is_directory => Some(implied),
                        _ => is_there.then_some((entry, number)),
                    };
                }
                None => {}
            }
            if hides_lower {
                break;
            }
        }
        implied
    }

    /// The merged layers of an image, unpacking those that are not yet.
    pub fn of_image(store: &Store, image: &Image) -> Result<Self> {
        let is_missing = |error: &Error| matches!(error, Error::File { source, .. } if source.kind() == io::ErrorKind::NotFound);
        match Self::open(store, &image.config.diff_ids) {
            Err(error) if is_missing(&error) => {
                store.unpack_image(image)?;
                Self::open(store, &image.config.diff_ids)
            }
            opened => opened,
        }
    }

    /// The directories of the layers in overlay form, lowest first.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.0.layers.iter().map(|layer| layer.fs.clone()).collect()
    }

    /// The entry at exactly this path and the number of the layer it is from. The root always exists.
    pub fn get(&self, path: &[u8]) -> Option<(&IndexEntry, usize)> {
        match self.position(path) {
            Ok(at) => Some(self.at(at)),
            Err(_) => path.is_empty().then_some((&self.0.root, 0)),
        }
    }

    /// All entries in walk order with the number of the layer each is from.
    pub fn entries(&self) -> impl Iterator<Item = (&IndexEntry, usize)> {
        (0..self.visible().len()).map(|at| self.at(at))
    }

    fn at(&self, at: usize) -> (&IndexEntry, usize) {
        let place = self.visible()[at];
        (entry_at(&self.0.layers, place), place.layer as usize)
    }

    fn position(&self, path: &[u8]) -> std::result::Result<usize, usize> {
        let order = |place: &Place| path::walk_order(&entry_at(&self.0.layers, *place).path, path);
        self.visible().binary_search_by(order)
    }

    /// Names in a directory as bytes, sorted.
    fn names_below(&self, path: &[u8]) -> Vec<Vec<u8>> {
        let mut names = Vec::new();
        let mut at = match self.position(path) {
            Ok(at) => at + 1,
            Err(_) if path.is_empty() => 0,
            Err(_) => return names,
        };
        while at < self.visible().len() {
            let child = &self.at(at).0.path;
            if !path::is_below(child, path) {
                break;
            }
            names.push(path::name(child).to_vec());
            at = self.after_subtree(at);
        }
        names.sort();
        names
    }

    /// The position after an entry and all below it: most entries have nothing below, so look at the
    /// next one first.
    fn after_subtree(&self, at: usize) -> usize {
        let top = &self.at(at).0.path;
        let rest = &self.visible()[at + 1..];
        let inside = |place: &Place| path::is_below(&entry_at(&self.0.layers, *place).path, top);
        match rest.first() {
            Some(next) if inside(next) => at + 1 + rest.partition_point(inside),
            _ => at + 1,
        }
    }

    /// The path an image's text names; one with U+FFFD may stand for a name that is not UTF-8.
    fn real_path(&self, shown: &str) -> Vec<u8> {
        let exact = path::clean(shown.as_bytes());
        if !shown.contains('\u{fffd}') || self.get(&exact).is_some() {
            return exact;
        }
        let shown = path::display(&exact);
        let found = self.entries().find(|(entry, _)| path::display(&entry.path) == shown);
        found.map_or(exact, |(entry, _)| entry.path.clone())
    }

    /// Number of names that the file at a path has on disk.
    pub(super) fn links_on_disk(&self, path: &[u8]) -> Option<u64> {
        let (_, layer) = self.get(path)?;
        let fs = &self.0.layers.get(layer)?.fs;
        Some(RootDir::open(fs).ok()?.metadata(path).ok()?.links)
    }

    /// Open the regular file at exactly this path.
    pub(crate) fn open_file(&self, path: &[u8]) -> io::Result<std::fs::File> {
        let (_, layer) = self.get(path).ok_or(io::ErrorKind::NotFound)?;
        self.open_in(layer, path)
    }

    fn open_in(&self, layer: usize, path: &[u8]) -> io::Result<std::fs::File> {
        let layer = self.0.layers.get(layer).ok_or(io::ErrorKind::NotFound)?;
        RootDir::open(&layer.fs)?.open_file_no_follow(path)
    }
}

fn plain_root() -> IndexEntry {
    IndexEntry {
        path: Vec::new(),
        kind: EntryKind::Directory { opaque: false, implied: true },
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: 0,
        xattrs: Vec::new(),
    }
}

fn entry_at(layers: &[Arc<Layer>], place: Place) -> &IndexEntry {
    &layers[place.layer as usize].index().entries[place.entry as usize]
}

/// Put one more layer on top: both lists are in walk order, so one pass is enough.
fn merge(layers: &[Arc<Layer>], below: &[Place], number: usize) -> Vec<Place> {
    let upper = &layers[number].index().entries;
    let mut merged = Vec::with_capacity(below.len() + upper.len());
    let mut below = below.iter().copied().peekable();
    // A subtree of the lower layers that is hidden.
    let mut hidden: Option<&[u8]> = None;
    for (position, entry) in upper.iter().enumerate() {
        let mut lower = None;
        while let Some(place) = below.peek().copied() {
            let path = &entry_at(layers, place).path;
            let order = path::walk_order(path, &entry.path);
            if order.is_gt() {
                break;
            }
            below.next();
            if hidden.is_some_and(|top| path::is_below(path, top)) {
                continue;
            }
            if order.is_eq() {
                lower = Some(place);
                break;
            }
            merged.push(place);
        }
        let place = Place { layer: number as u32, entry: position as u32 };
        let lower_is_directory =
            lower.is_some_and(|place| matches!(entry_at(layers, place).kind, EntryKind::Directory { .. }));
        match entry.kind {
            EntryKind::Whiteout => {}
            // The lower directory knows the attributes that this archive does not.
            EntryKind::Directory { implied: true, .. } if lower_is_directory => merged.extend(lower),
            _ => merged.push(place),
        }
        if entry.kind.hides_lower() && !hidden.is_some_and(|top| path::is_below(&entry.path, top)) {
            hidden = Some(&entry.path);
        }
    }
    let seen = |place: &Place| !hidden.is_some_and(|top| path::is_below(&entry_at(layers, *place).path, top));
    merged.extend(below.filter(seen));
    merged
}

impl FileTree for LayeredTree {
    fn lookup(&self, path: &str) -> Option<TreeEntry> {
        let (entry, layer) = self.look(&self.real_path(path))?;
        let (kind, size) = match &entry.kind {
            EntryKind::File { size, .. } => (file_tree::EntryKind::File, *size),
            EntryKind::Directory { .. } => (file_tree::EntryKind::Directory, 0),
            EntryKind::Symlink(target) => {
                (file_tree::EntryKind::Symlink(String::from_utf8_lossy(target).into_owned()), 0)
            }
            _ => (file_tree::EntryKind::Special, 0),
        };
        Some(TreeEntry { kind, mode: entry.mode, uid: entry.uid, gid: entry.gid, size, layer })
    }

    fn children(&self, path: &str) -> Vec<String> {
        let names = self.names_below(&self.real_path(path));
        names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    fn read_exact_path(&self, path: &str, limit: u64) -> std::result::Result<Vec<u8>, TreeError> {
        let (shown, real) = (|| path.to_string(), self.real_path(path));
        let (entry, layer) = self.look(&real).ok_or_else(|| TreeError::Missing { path: shown() })?;
        let EntryKind::File { size, .. } = entry.kind else {
            return Err(TreeError::NotAFile { path: shown() });
        };
        if size > limit {
            return Err(TreeError::TooLarge { path: shown(), limit });
        }
        let unreadable = |error: io::Error| TreeError::Unreadable { path: shown(), why: reason(&error) };
        let file = self.open_in(layer, &real).map_err(unreadable)?;
        let mut bytes = Vec::with_capacity(size as usize);
        file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }
}

impl SourceTree for LayeredTree {
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>> {
        let Some((entry, layer)) = self.get(path) else { return Ok(None) };
        let mut link_group = None;
        let kind = match &entry.kind {
            EntryKind::File { size, link_of, .. } => {
                let index = &self.0.layers[layer].index().entries;
                let first = link_of.as_ref().unwrap_or(&entry.path);
                let number = index.binary_search_by(|entry| path::walk_order(&entry.path, first));
                link_group = number.ok().map(|number| (layer as u64, number as u64));
                SourceKind::File { size: *size }
            }
            EntryKind::Directory { .. } => SourceKind::Directory,
            EntryKind::Symlink(target) => SourceKind::Symlink(target.clone()),
            EntryKind::Fifo => SourceKind::Fifo,
            EntryKind::Device { block, major, minor } => {
                SourceKind::Device { block: *block, major: *major, minor: *minor }
            }
            EntryKind::Whiteout => return Ok(None),
        };
        Ok(Some(SourceEntry {
            kind,
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: Some(entry.mtime),
            xattrs: entry.xattrs.clone(),
            link_group,
        }))
    }

    fn names(&self, path: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(self.names_below(path))
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn Read>> {
        let unreadable = |error| Error::path(path, format!("cannot be read: {}", reason(&error)));
        Ok(Box::new(self.open_file(path).map_err(unreadable)?))
    }

    fn digest(&self, path: &[u8]) -> Result<Digest> {
        match self.get(path).map(|(entry, _)| &entry.kind) {
            Some(EntryKind::File { digest, .. }) => Ok(*digest),
            _ => Err(Error::path(path, "is not a regular file")),
        }
    }
}
