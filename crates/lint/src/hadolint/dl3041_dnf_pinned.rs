//! # DL3041 dnf-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL203 says why pinning packages of a distribution rarely helps.

use plimsoll_model::Diagnostic;

use super::dl3033_yum_pinned::is_versioned;
use super::words::{calls, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("dnf installs packages without a version"),
        |command| {
            let names = ["dnf", "microdnf"];
            let is_module = calls(command, &names, &["module"]);
            let is_fixed = |package: &str| match is_module {
                true => package.contains(':'),
                false => package.contains('-') && (package.ends_with(".rpm") || is_versioned(package)),
            };
            let packages =
                operands(command, &[]).into_iter().filter(|word| !matches!(*word, "install" | "module"));
            calls(command, &names, &["install"])
                && !calls(command, &names, &["group"])
                && !packages.into_iter().all(is_fixed)
        },
    )
}
