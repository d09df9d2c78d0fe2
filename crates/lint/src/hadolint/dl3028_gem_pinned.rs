//! # DL3028 gem-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL204 says the same of all languages.

use plimsoll_model::Diagnostic;

use super::words::{arguments, calls, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("gem installs packages without a version"),
        |command| {
            let has_version = arguments(command)
                .any(|word| matches!(word, "-v" | "--version") || word.starts_with("--version="));
            let is_open =
                |package: &str| !matches!(package, "install" | "i" | "--") && !package.contains(':');
            calls(command, &["gem"], &["install", "i"])
                && !has_version
                && operands(command, &[]).into_iter().any(is_open)
        },
    )
}
