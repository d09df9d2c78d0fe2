//! Files written as a tree, layers with their bytes.

use std::collections::{BTreeMap, HashSet};

use plimsoll_contract::evidence::{Relaxation, Written, WrittenPath};
use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::human_bytes;
use plimsoll_scan::{LayerSize, SizeReport, savings};

use super::Shown;
use super::limits::Limits;
use crate::report::picture::{self, Picture};
use crate::report::sections::{origin, written_word};

/// The deepest tree; what lies deeper is one name.
const DEEPEST: usize = 12;

/// A line of the tree of written paths.
pub struct Path {
    pub branch: String,
    pub name: String,
    pub what: String,
    /// The manifest mounts a volume here.
    pub mounted: bool,
}

/// A layer.
pub struct Layer {
    pub number: usize,
    pub bytes: String,
    pub wasted: String,
    pub bar: Picture,
    pub origin: String,
    pub largest: Vec<(String, String)>,
}

/// An edit and its worth.
pub struct Saving {
    pub bytes: String,
    pub line: String,
    pub remedy: String,
}

#[derive(Default)]
struct Directory<'a> {
    entry: Option<&'a WrittenPath>,
    children: BTreeMap<String, Directory<'a>>,
}

/// The paths written, as a tree.
pub fn written(proof: &Proof, limits: Limits) -> Shown<Path> {
    let relaxations = proof.evidence.rungs.iter().flat_map(|record| &record.relaxations);
    let mounts: HashSet<&str> = relaxations
        .filter_map(|relaxation| match relaxation {
            Relaxation::WritableMount(path) => Some(path.as_str()),
            _ => None,
        })
        .collect();
    let mut root = Directory::default();
    let shown = limits.shown(&proof.evidence.written, |entry| entry);
    for entry in &shown.rows {
        let mut place = &mut root;
        for name in entry.path.trim_start_matches('/').splitn(DEEPEST, '/') {
            place = place.children.entry(limits.text(name)).or_default();
        }
        place.entry = Some(entry);
    }
    let mut rows = Vec::new();
    grow(&root, &Place { before: String::new(), path: String::new(), depth: 0 }, &mounts, &mut rows);
    Shown { rows, more: shown.more }
}

/// Where a directory stands: the tree's lines before its children, its path, how deep it is.
struct Place {
    before: String,
    path: String,
    depth: usize,
}

fn grow(directory: &Directory<'_>, place: &Place, mounts: &HashSet<&str>, rows: &mut Vec<Path>) {
    let count = directory.children.len();
    for (at, (name, child)) in directory.children.iter().enumerate() {
        let (name, child) = joined(name, child, &place.path, mounts);
        let path = format!("{}/{name}", place.path);
        let is_directory =
            !child.children.is_empty() || child.entry.is_some_and(|entry| entry.what == Written::Directory);
        let (branch, before) = match (place.depth, at + 1 == count) {
            (0, _) => (String::new(), String::new()),
            (_, true) => (format!("{}└─ ", place.before), format!("{}   ", place.before)),
            (_, false) => (format!("{}├─ ", place.before), format!("{}│  ", place.before)),
        };
        let root = if place.depth == 0 { "/" } else { "" };
        rows.push(Path {
            branch,
            name: format!("{root}{name}{}", if is_directory { "/" } else { "" }),
            what: what(child, is_directory),
            mounted: mounts.contains(path.as_str()),
        });
        grow(child, &Place { before, path, depth: place.depth + 1 }, mounts, rows);
    }
}

/// Directories with a single child are one line, unless a volume begins there.
fn joined<'a, 'b>(
    name: &str,
    mut directory: &'b Directory<'a>,
    path: &str,
    mounts: &HashSet<&str>,
) -> (String, &'b Directory<'a>) {
    let mut name = name.to_string();
    while directory.children.len() == 1
        && directory.entry.is_none()
        && !mounts.contains(format!("{path}/{name}").as_str())
    {
        let Some((below, child)) = directory.children.iter().next() else { break };
        name = format!("{name}/{below}");
        directory = child;
    }
    (name, directory)
}

fn what(directory: &Directory<'_>, is_directory: bool) -> String {
    match directory.entry {
        Some(entry) if !is_directory => written_word(entry),
        _ => human_bytes(below(directory)),
    }
}

fn below(directory: &Directory<'_>) -> u64 {
    let own = directory.entry.map_or(0, |entry| entry.bytes);
    directory.children.values().map(below).fold(own, u64::saturating_add)
}

/// The layers, lowest first.
pub fn layers(size: &SizeReport, limits: Limits) -> Shown<Layer> {
    let largest = size.layers.iter().map(|layer| layer.bytes).max().unwrap_or(0);
    limits.shown(size.layers.iter().enumerate(), |(number, layer)| layer_row(number, layer, largest, limits))
}

fn layer_row(number: usize, layer: &LayerSize, largest: u64, limits: Limits) -> Layer {
    Layer {
        number,
        bytes: human_bytes(layer.bytes),
        wasted: if layer.wasted == 0 { String::new() } else { human_bytes(layer.wasted) },
        bar: picture::layer(layer, largest),
        origin: limits.text(&origin(layer)),
        largest: layer
            .largest
            .iter()
            .take(5)
            .map(|file| (limits.text(&file.path), human_bytes(file.bytes)))
            .collect(),
    }
}

/// What edits would save.
pub fn savings_of(size: &SizeReport, limits: Limits) -> Vec<Saving> {
    let rows = savings(size).into_iter().take(8).map(|saving| Saving {
        bytes: human_bytes(saving.bytes),
        line: saving
            .line
            .as_ref()
            .map_or(format!("layer {}", saving.layer), |(line, _)| format!("line {line}")),
        remedy: limits.text(&saving.remedy.to_string()),
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::demo;

    #[test]
    fn written_paths_are_a_tree_with_sums_and_volumes() {
        let proof = demo::healthy().proof.unwrap();
        let lines: Vec<String> = written(&proof, Limits::most())
            .rows
            .iter()
            .map(|row| {
                format!("{}{} {}{}", row.branch, row.name, row.what, if row.mounted { " *" } else { "" })
            })
            .collect();
        assert_eq!(
            lines,
            [
                "/run/ 0B *",
                "└─ app.sock link, fifo or socket",
                "/tmp/ 12.3kB *",
                "└─ app-upload/ 12.3kB",
                "   └─ part-1 12.3kB",
                "/var/cache/app/ 4.23MB *",
                "├─ index.db 4.19MB",
                "├─ index.db-wal 32.8kB",
                "└─ old deleted",
            ]
        );
    }
}
