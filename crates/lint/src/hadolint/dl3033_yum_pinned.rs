//! # DL3033 yum-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL203 says why pinning packages of a distribution rarely helps.

use plimsoll_model::Diagnostic;

use super::words::{calls, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("yum installs packages without a version"),
        |command| {
            let is_module = calls(command, &["yum"], &["module"]);
            let is_fixed = |package: &str| match is_module {
                true => package.contains(':'),
                false => is_versioned(package) || package.ends_with(".rpm"),
            };
            let packages =
                operands(command, &[]).into_iter().filter(|word| !matches!(*word, "install" | "module"));
            calls(command, &["yum"], &["install"]) && !packages.into_iter().all(is_fixed)
        },
    )
}

/// `name-1.2`: a dash and what may be a version behind it.
pub(super) fn is_versioned(package: &str) -> bool {
    let parts: Vec<&str> = package.split('-').skip(1).collect();
    let is_plain = |part: &&str| part.chars().all(|c| c.is_ascii_alphanumeric() || ".~^_:+".contains(c));
    parts.iter().all(is_plain) && parts.iter().any(|part| part.starts_with(|c: char| c.is_ascii_digit()))
}
