//! # DL3013 pip-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL204 says the same of all languages.

use plimsoll_model::Diagnostic;

use super::words::{arguments, behind_install, has_flag, is_pip_install, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("pip installs packages without a version"),
        |command| {
            let lists = |word: &str| matches!(word, "-r" | "--requirement" | ".");
            is_pip_install(command)
                && !arguments(command).any(lists)
                && !has_flag(command, &["constraint", "c"])
                && behind_install(operands(command, &WITH_VALUE))
                    .into_iter()
                    .any(|package| !is_fixed(package))
        },
    )
}

/// Flags of pip whose value is the next word.
const WITH_VALUE: [&str; 24] = [
    "abi",
    "b",
    "build",
    "e",
    "editable",
    "extra-index-url",
    "f",
    "find-links",
    "i",
    "index-url",
    "implementation",
    "no-binary",
    "only-binary",
    "platform",
    "prefix",
    "progress-bar",
    "proxy",
    "python-version",
    "root",
    "src",
    "t",
    "target",
    "trusted-host",
    "upgrade-strategy",
];

fn is_fixed(package: &str) -> bool {
    let systems = ["git+", "git", "hg+", "svn+", "svn", "bzr+"];
    let is_repository = systems.iter().any(|start| package.starts_with(start));
    let is_file = package.ends_with(".whl") || package.ends_with(".tar.gz");
    let has_version = ["==", ">=", "<=", ">", "<", "!=", "~="].iter().any(|sign| package.contains(sign));
    has_version
        || is_file
        || (is_repository && package.contains('@'))
        || (!is_repository && package.contains('/'))
}
