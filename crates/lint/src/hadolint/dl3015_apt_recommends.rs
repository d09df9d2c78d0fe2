//! # DL3015 apt-recommends
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL310 says the same of what ships.

use plimsoll_model::Diagnostic;

use super::words::{arguments, calls, has_flag, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.info("apt-get installs what packages recommend, too"),
        |command| {
            calls(command, &["apt-get"], &["install"])
                && !has_flag(command, &["no-install-recommends"])
                && !arguments(command).any(|word| word == "APT::Install-Recommends=false")
        },
    )
}
