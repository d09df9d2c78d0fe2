//! WRITES: what the image as built left in its writable layer, as a tree.

use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::human_bytes;

use super::LINES;
use crate::report::columns::{Extent, Section, fit, pad, plain, width};
use crate::report::conclusion::counted;
use crate::report::written_tree::{self, Row};
use crate::terminal::MAX_WIDTH;

/// Columns of the tree.
const TREE: usize = 66;

/// The tree, as deep as there is room.
pub fn written(proof: &Proof, extent: Extent) -> String {
    let written = &proof.evidence.written;
    if written.is_empty() {
        return "WRITES     nothing outside of volumes and /dev\n".to_string();
    }
    let bytes = written.iter().map(|entry| entry.bytes).fold(0, u64::saturating_add);
    let mut section =
        Section::new(&format!("WRITES     {}, {}", counted(written.len(), "path"), human_bytes(bytes)));
    let all: Vec<_> = written.iter().collect();
    let rows = written_tree::tree(&all, &proof.evidence.rungs, plain);
    let deepest = deepest(&rows, extent);
    for row in &rows {
        let name = format!("{}{}", row.branch, row.name);
        let volume = if row.mounted { "  emptyDir" } else { "" };
        // A long path goes on to the right of its column: it is never cut for the words beside it.
        let line = match width(&name) <= TREE {
            true => format!("  {} {:>20}{volume}", pad(&name, TREE), row.what),
            false => format!("  {}  {}{volume}", fit(&name, MAX_WIDTH - 32), row.what),
        };
        section.add(row.depth <= deepest, [line]);
    }
    section.render(LINES, MAX_WIDTH, extent)
}

/// How deep the tree is shown, so that no row stands without the one above it.
fn deepest(rows: &[Row], extent: Extent) -> usize {
    let fits = |depth: &usize| {
        extent == Extent::All || rows.iter().filter(|row| row.depth <= *depth).count() <= LINES - 2
    };
    (0..rows.len()).take_while(fits).last().unwrap_or(0)
}
