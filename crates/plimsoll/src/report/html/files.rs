//! Files written as a tree, layers with their bytes.

use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::human_bytes;
use plimsoll_scan::{LayerSize, SizeReport, savings};

use super::Shown;
use super::limits::Limits;
use crate::report::picture::{self, Picture};
use crate::report::sections::origin;
use crate::report::written_tree;

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

/// The paths written, as a tree.
pub fn written(proof: &Proof, limits: Limits) -> Shown<Path> {
    let shown = limits.shown(&proof.evidence.written, |entry| entry);
    let rows = written_tree::tree(&shown.rows, &proof.evidence.rungs, |name| limits.text(name));
    let row = |row: written_tree::Row| Path {
        branch: row.branch,
        name: row.name,
        what: row.what,
        mounted: row.mounted,
    };
    Shown { rows: rows.into_iter().map(row).collect(), more: shown.more }
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
