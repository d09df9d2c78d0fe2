//! # DL3062 go-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL204 says the same of all languages and knows what go.mod decides.

use plimsoll_model::Diagnostic;

use super::words::{calls, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("go installs modules without a version"),
        |command| {
            // Paths are of this module.
            let is_open = |package: &str| {
                !package.starts_with('.')
                    && match package.split_once('@') {
                        Some((_, version)) => version == "latest",
                        None => true,
                    }
            };
            // Behind the package stand arguments of the program that is run.
            let count = if calls(command, &["go"], &["run"]) { 1 } else { usize::MAX };
            let words = operands(command, &[]).into_iter().skip(1).take(count);
            calls(command, &["go"], &["install", "get", "run"]) && words.into_iter().any(is_open)
        },
    )
}
