//! # DL3032 yum-clean
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
        || report.warning("yum leaves its cache in the layer"),
        |run| {
            let cleans = |command: &RunCommand| {
                calls(command, &["yum"], &["clean", "all"])
                    || calls(command, &["rm"], &["-rf", "/var/cache/yum/*"])
            };
            commands(run).any(|command| calls(command, &["yum"], &["install"])) && !commands(run).any(cleans)
        },
    )
}
