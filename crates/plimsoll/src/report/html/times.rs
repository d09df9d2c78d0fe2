//! The table of times.

use plimsoll_contract::judge::Proof;

use crate::report::times::times as measured;

/// What was measured over several runs.
pub struct TimeRow {
    pub what: &'static str,
    pub runs: usize,
    pub median: String,
    pub range: String,
}

/// All that was measured.
pub fn times(proof: Option<&Proof>) -> Vec<TimeRow> {
    let rows = proof.iter().flat_map(|proof| measured(&proof.evidence));
    let row = |row: crate::report::times::Times| TimeRow {
        what: row.what,
        runs: row.count(),
        median: row.median(),
        range: row.range(),
    };
    rows.map(row).collect()
}
