//! # DL3046 useradd-log
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL319 says how large the file gets.

use plimsoll_model::Diagnostic;

use super::words::{has_flag, name, of_commands, values_of};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("useradd with a large uid fills the layer with zeros"),
        |command| {
            name(command) == "useradd"
                && !has_flag(command, &["l", "no-log-init"])
                && values_of(command, "u").into_iter().any(|uid| uid.chars().count() > 5)
        },
    )
}
