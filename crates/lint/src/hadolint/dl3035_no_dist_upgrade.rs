//! # DL3035 no-dist-upgrade
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL411 says the same of all package managers.

use plimsoll_model::Diagnostic;

use super::words::{calls, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("zypper dist-upgrade takes whatever is newest that day"),
        |command| calls(command, &["zypper"], &["dist-upgrade", "dup"]),
    )
}
