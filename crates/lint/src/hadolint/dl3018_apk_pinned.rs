//! # DL3018 apk-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL203 says why pinning packages of a distribution rarely helps.

use plimsoll_model::Diagnostic;

use super::words::{calls, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("apk installs packages without a version"),
        |command| {
            let is_open = |package: &str| {
                package != "add" && !package.contains(['=', '~']) && !package.ends_with(".apk")
            };
            calls(command, &["apk"], &["add"])
                && operands(command, &["t", "virtual", "repository", "X"]).into_iter().any(is_open)
        },
    )
}
