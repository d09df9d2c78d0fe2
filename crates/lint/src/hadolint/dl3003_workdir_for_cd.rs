//! # DL3003 workdir-for-cd
//!
//! `cd` ends with its RUN. WORKDIR says once where all later steps work. In a chain that needs
//! several directories `cd` is fine, so this is a matter of style.

use plimsoll_model::Diagnostic;

use super::words::{commands, name, of_runs};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_runs(
        runs,
        || report.warning("cd holds for this RUN only"),
        |run| !run.is_trigger && commands(run).any(|command| name(command) == "cd"),
    )
}
