//! # DL3014 apt-yes
//!
//! apt-get asks before it installs, and nobody answers in a build: the step fails with `Abort.` Add
//! `-y`.

use plimsoll_model::Diagnostic;

use super::words::asking;
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = || report.warning("apt-get asks, and nobody answers in a build");
    asking(runs, found, &["apt-get"], &["install"], &["y", "yes", "q", "assume-yes"])
}
