//! # DL3009 apt-lists-left
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: the
//! lists of apt stay in a layer of a stage that ships or is built upon. PL309 says the same of all
//! package managers.

use plimsoll_dockerfile::syntax::{From, Text};
use plimsoll_model::Diagnostic;

use super::words::{calls, commands, image_parts, of_runs};
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let dockerfile = runs.file.dockerfile;
    let last = dockerfile.stages.last().map(|stage| &stage.from);
    let is_same = |a: &From, b: &From| {
        let name = |from: &From| from.name.as_ref().map(|name| name.text.clone());
        a.image.text == b.image.text && name(a) == name(b)
    };
    let counts = |stage: Option<usize>| {
        let Some(from) = stage.and_then(|stage| dockerfile.stages.get(stage)).map(|stage| &stage.from) else {
            return true;
        };
        let is_base = |name: &Text| {
            dockerfile.stages.iter().any(|other| image_parts(&other.from.image.text).0 == name.text)
        };
        last.is_some_and(|last| is_same(from, last)) || from.name.as_ref().is_some_and(is_base)
    };
    of_runs(
        runs,
        || report.info("the lists of apt stay in the layer"),
        |run| {
            let updates = commands(run).any(|command| calls(command, &["apt-get", "apt"], &["update"]));
            let removes = |command: &RunCommand| calls(command, &["rm"], &["-rf", "/var/lib/apt/lists/*"]);
            updates && !commands(run).any(removes) && !is_cached(run) && counts(run.stage)
        },
    )
}

/// The lists, or both directories of apt, are cache mounts.
fn is_cached(run: &Run<'_>) -> bool {
    let is_mount = |directory: &str| run.mounted().any(|target| target.starts_with(directory));
    is_mount("/var/lib/apt/lists") || (is_mount("/var/lib/apt") && is_mount("/var/cache/apt"))
}
