//! # DL3038 dnf-yes
//!
//! dnf asks before it installs, and nobody answers in a build: the step fails. Add `-y`. The same
//! holds for `microdnf`, `groupinstall` and `localinstall`.

use plimsoll_model::Diagnostic;

use super::words::asking;
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = || report.warning("dnf asks, and nobody answers in a build");
    asking(
        runs,
        found,
        &["dnf", "microdnf"],
        &["install", "groupinstall", "localinstall"],
        &["y", "assumeyes"],
    )
}
