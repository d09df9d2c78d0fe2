//! # DL3060 yarn-clean
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL309 says the same of all package managers.

use plimsoll_model::Diagnostic;

use super::words::{calls, commands, of_runs};
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_runs(
        runs,
        || report.info("yarn leaves its cache in the layer"),
        |run| {
            let is_kept =
                run.flag_values("mount").any(|mount| mount.contains("type=cache") && mount.contains("yarn"));
            let installs = |command: &RunCommand| calls(command, &["yarn"], &["install"]);
            let cleans = |command: &RunCommand| calls(command, &["yarn"], &["cache", "clean"]);
            !is_kept && commands(run).any(installs) && !commands(run).any(cleans)
        },
    )
}
