//! # DL3040 dnf-clean
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL309 says the same of all package managers.

use plimsoll_model::Diagnostic;

use super::words::{calls, commands, of_runs};
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_runs(
        runs,
        || report.warning("dnf leaves its cache in the layer"),
        |run| {
            ["dnf", "microdnf"].into_iter().any(|dnf| {
                let install = commands(run).position(|command| calls(command, &[dnf], &["install"]));
                let is_clean = |command: &RunCommand| {
                    calls(command, &[dnf], &["clean", "all"])
                        || calls(command, &["rm"], &["-rf", "/var/cache/yum/*"])
                };
                let clean = commands(run).position(is_clean);
                install.is_some_and(|install| clean.is_none_or(|clean| clean <= install))
            })
        },
    )
}
