//! # DL3034 zypper-yes
//!
//! zypper asks before it changes packages, and nobody answers in a build. Write `zypper
//! --non-interactive install` or `install -y`.

use plimsoll_model::Diagnostic;

use super::words::asking;
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = || report.warning("zypper asks, and nobody answers in a build");
    asking(
        runs,
        found,
        &["zypper"],
        &["install", "in", "remove", "rm", "source-install", "si", "patch"],
        &["n", "non-interactive", "no-confirm", "y"],
    )
}
