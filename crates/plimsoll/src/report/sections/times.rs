//! TIMES: how many runs, the middle one, the range.

use plimsoll_contract::judge::Proof;

use super::LINES;
use crate::report::columns::{Extent, Section, pad};
use crate::report::times::times as measured;
use crate::terminal::MAX_WIDTH;

/// The table; nothing where nothing was measured.
pub fn times(proof: &Proof, extent: Extent) -> Option<String> {
    let rows = measured(&proof.evidence);
    if rows.is_empty() {
        return None;
    }
    let mut section = Section::new(&format!("{} {:>4}  {:>10}  range", pad("TIMES", 32), "runs", "median"));
    for row in &rows {
        let line =
            format!("  {} {:>4}  {:>10}  {}", pad(row.what, 30), row.count(), row.median(), row.range());
        section.add(true, [line]);
    }
    Some(section.render(LINES, MAX_WIDTH, extent))
}
