//! # DL3016 npm-pinned
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL204 says the same of all languages.

use plimsoll_model::Diagnostic;

use super::words::{behind_install, name, of_commands, operands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("npm installs packages without a version"),
        |command| {
            let words = operands(command, &[]);
            name(command) == "npm"
                && words.first() == Some(&"install")
                && behind_install(words).into_iter().any(|package| !is_fixed(package))
        },
    )
}

fn is_fixed(package: &str) -> bool {
    let starts = |list: &[&str]| list.iter().any(|start| package.starts_with(start));
    if starts(&["git://", "git+ssh://", "git+http://", "git+https://"]) {
        return package.contains('#');
    }
    let is_file = [".tar", ".tar.gz", ".tgz"].iter().any(|end| package.ends_with(end));
    is_file || starts(&["/", "./", "../", "~/"]) || package.trim_start_matches('@').contains('@')
}
