//! # DL3004 no-sudo
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL406 says what sudo does in a build.

use plimsoll_model::Diagnostic;

use super::words::{name, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(runs, || report.error("sudo in a build"), |command| name(command) == "sudo")
}
