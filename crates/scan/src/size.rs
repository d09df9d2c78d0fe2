//! Where the bytes of an image are: by layer, wasted, left over, largest.
//!
//! Wasted is exact: a body counts once, in the layer that carries it, when no name of the finished
//! image leads to it any more.

use std::collections::{BTreeMap, HashMap};

use crate::layer::LayerListing;

mod merge;
mod places;

pub(crate) use merge::{Body, Merged, merge};
use places::known_place;

/// How many paths the lists of largest files hold.
const LARGEST: usize = 20;
const LARGEST_OF_LAYER: usize = 5;

/// The sizes of an image, uncompressed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SizeReport {
    /// Bytes of all bodies in all layers.
    pub total: u64,
    /// Bytes no name leads to any more.
    pub wasted: u64,
    /// One a layer, lowest first.
    pub layers: Vec<LayerSize>,
    /// Where the waste is, most bytes first.
    pub waste: Vec<Waste>,
    /// Caches and lists that nobody needs at run time and that are still there, most bytes first.
    pub leftovers: Vec<Leftover>,
    /// The largest files of the finished image.
    pub largest: Vec<LargeFile>,
}

/// One layer's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerSize {
    /// Bytes of the bodies it carries.
    pub bytes: u64,
    /// Those of them that the finished image does not show.
    pub wasted: u64,
    /// Number of bodies.
    pub files: usize,
    /// The history's text.
    pub created_by: Option<String>,
    /// Line of the Dockerfile.
    pub line: Option<(usize, String)>,
    /// Whether it came with the base image.
    pub from_base: bool,
    /// Its largest files, dead ones too.
    pub largest: Vec<LargeFile>,
}

/// A file and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LargeFile {
    /// Absolute path.
    pub path: String,
    /// Bytes.
    pub bytes: u64,
    /// The layer that carries them.
    pub layer: usize,
}

/// Bytes that went the same way, under one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waste {
    /// The file, or the directory that holds all of them.
    pub path: String,
    /// Bytes nobody sees.
    pub bytes: u64,
    /// Number of bodies.
    pub files: usize,
    /// The layer that carries the bytes.
    pub layer: usize,
    /// The layer that made them useless.
    pub lost_in: usize,
    /// How.
    pub loss: Loss,
    /// `pip cache` and the like, if the path is a known place.
    pub place: Option<&'static str>,
}

/// How a body became useless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// The file was deleted.
    Deleted,
    /// A directory above it was deleted, or replaced as a whole.
    DirectoryDeleted,
    /// Its name got another body.
    Overwritten,
    /// Its name got a copy with the very same bytes: a chmod, chown or touch in a later layer.
    CopiedUnchanged,
}

/// Files of the finished image in a place that is a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// What the place is.
    pub place: &'static str,
    /// One of its directories.
    pub path: String,
    /// Bytes there.
    pub bytes: u64,
    /// The layer that carries them.
    pub layer: usize,
}

impl SizeReport {
    /// Share of the bytes that the finished image shows; 1 for an empty one.
    pub fn efficiency(&self) -> f64 {
        match self.total {
            0 => 1.0,
            total => (total - self.wasted) as f64 / total as f64,
        }
    }

    /// Bytes the finished image shows of the base image (`true`) or of what was put on it (`false`).
    /// Both and [`SizeReport::wasted`] are the total.
    pub fn shown_bytes(&self, from_base: bool) -> u64 {
        let layers = self.layers.iter().filter(|layer| layer.from_base == from_base);
        layers.map(|layer| layer.bytes - layer.wasted).fold(0, u64::saturating_add)
    }
}

/// Measure layers, lowest first.
pub fn measure(layers: &[LayerListing]) -> SizeReport {
    report(layers, &merge(layers))
}

pub(crate) fn report(layers: &[LayerListing], merged: &Merged) -> SizeReport {
    let sizes: Vec<LayerSize> =
        layers.iter().enumerate().map(|(number, layer)| layer_size(number, layer, merged)).collect();
    SizeReport {
        total: sizes.iter().map(|layer| layer.bytes).fold(0, u64::saturating_add),
        wasted: sizes.iter().map(|layer| layer.wasted).fold(0, u64::saturating_add),
        waste: group_waste(merged),
        leftovers: leftovers(merged),
        largest: largest(merged.bodies.iter().filter(|body| body.loss.is_none()), LARGEST),
        layers: sizes,
    }
}

fn layer_size(number: usize, layer: &LayerListing, merged: &Merged) -> LayerSize {
    let own = || merged.bodies.iter().filter(move |body| body.layer == number);
    let sum =
        |sizes: &mut dyn Iterator<Item = &Body>| sizes.map(|body| body.size).fold(0, u64::saturating_add);
    LayerSize {
        bytes: sum(&mut own()),
        wasted: sum(&mut own().filter(|body| body.loss.is_some())),
        files: own().count(),
        created_by: layer.created_by.clone(),
        line: layer.line.clone(),
        from_base: layer.from_base,
        largest: largest(own(), LARGEST_OF_LAYER),
    }
}

fn largest<'a, 'b: 'a>(bodies: impl Iterator<Item = &'a Body<'b>>, count: usize) -> Vec<LargeFile> {
    let mut sorted: Vec<&Body> = bodies.filter(|body| body.size > 0).collect();
    sorted.sort_by(|a, b| b.size.cmp(&a.size).then(a.path.cmp(b.path)));
    sorted.truncate(count);
    let large = |body: &Body| LargeFile { path: body.path.to_string(), bytes: body.size, layer: body.layer };
    sorted.into_iter().map(large).collect()
}

/// Files that were lost one by one are shown under their directory when it lost several, those
/// lost with a directory under that one.
fn group_waste(merged: &Merged) -> Vec<Waste> {
    let mut groups: BTreeMap<(usize, usize, Loss, &str), Vec<&Body>> = BTreeMap::new();
    for body in merged.bodies.iter().filter(|body| body.size > 0) {
        if let Some(lost) = &body.loss {
            let under = match lost.loss {
                Loss::DirectoryDeleted => lost.through,
                _ => parent(body.path),
            };
            groups.entry((body.layer, lost.layer, lost.loss, under)).or_default().push(body);
        }
    }
    let mut waste: Vec<Waste> = groups
        .into_iter()
        .map(|((layer, lost_in, loss, under), bodies)| {
            let path = match bodies.as_slice() {
                [only] if loss != Loss::DirectoryDeleted => only.path,
                _ => under,
            };
            let bytes = bodies.iter().map(|body| body.size).fold(0, u64::saturating_add);
            let place = known_place(bodies[0].path).map(|(name, _)| name);
            Waste { path: path.to_string(), bytes, files: bodies.len(), layer, lost_in, loss, place }
        })
        .collect();
    waste.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    waste
}

fn leftovers(merged: &Merged) -> Vec<Leftover> {
    let mut found: HashMap<(&str, usize), Leftover> = HashMap::new();
    for body in merged.bodies.iter().filter(|body| body.loss.is_none() && body.size > 0) {
        if let Some((place, path)) = known_place(body.path) {
            let fresh = || Leftover { place, path: path.to_string(), bytes: 0, layer: body.layer };
            let leftover = found.entry((path, body.layer)).or_insert_with(fresh);
            leftover.bytes = leftover.bytes.saturating_add(body.size);
        }
    }
    let mut leftovers: Vec<Leftover> = found.into_values().collect();
    leftovers.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    leftovers
}

fn parent(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(at) => &path[..at],
    }
}

#[cfg(test)]
mod tests;
