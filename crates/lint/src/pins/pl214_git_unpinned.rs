//! # PL214 git-unpinned
//!
//! `git clone` of whatever the default branch is that day. The step's cache key is its text, so an old
//! state may also stay for months.
//!
//! `ADD https://host/repo.git#COMMIT /dir` pins and caches by commit; in RUN, check a commit or a tag out.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

/// What pins a clone afterwards.
const PINS: [&str; 5] = ["checkout", "reset", "switch", "fetch", "submodule"];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(run, command)| {
        let named = command.has(&["-b", "--branch", "--revision"]);
        let is_git = |command: &RunCommand| command.program() == "git";
        let clones = is_git(command) && command.arguments().iter().any(|word| word.text == "clone") && !named;
        let says = |other: &&RunCommand| {
            is_git(other) && other.arguments().iter().any(|word| PINS.contains(&word.text.as_str()))
        };
        if !clones || run.commands.iter().any(|other| says(&other)) {
            return None;
        }
        let message = "git clones whatever the default branch is that day";
        Some(report.info(message).at(source, command.span, "no tag, no commit"))
    });
    found.collect()
}
