//! # DL3019 apk-cache
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL309 says the same of all package managers.

use plimsoll_model::Diagnostic;

use super::words::{calls, commands, has_flag, of_runs};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_runs(
        runs,
        || report.info("apk leaves its cache in the layer"),
        |run| {
            let is_kept = run
                .flag_values("mount")
                .any(|mount| mount.contains("type=cache") && mount.contains("/var/cache/apk"));
            !is_kept
                && commands(run)
                    .any(|command| calls(command, &["apk"], &["add"]) && !has_flag(command, &["no-cache"]))
        },
    )
}
