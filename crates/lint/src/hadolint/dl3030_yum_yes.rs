//! # DL3030 yum-yes
//!
//! yum asks before it installs, and nobody answers in a build: the step fails. Add `-y`. The same
//! holds for `groupinstall` and `localinstall`.

use plimsoll_model::Diagnostic;

use super::words::asking;
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = || report.warning("yum asks, and nobody answers in a build");
    asking(runs, found, &["yum"], &["install", "groupinstall", "localinstall"], &["y", "assumeyes"])
}
