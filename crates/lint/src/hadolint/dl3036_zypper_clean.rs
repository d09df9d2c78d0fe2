//! # DL3036 zypper-clean
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL309 says the same of all package managers.

use plimsoll_model::Diagnostic;

use super::words::{calls, commands, of_runs};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_runs(
        runs,
        || report.warning("zypper leaves its cache in the layer"),
        |run| {
            let at =
                |actions: &[&str]| commands(run).position(|command| calls(command, &["zypper"], actions));
            match (at(&["install", "in"]), at(&["clean", "cc"])) {
                (None, _) => false,
                (Some(install), clean) => clean.is_none_or(|clean| clean <= install),
            }
        },
    )
}
