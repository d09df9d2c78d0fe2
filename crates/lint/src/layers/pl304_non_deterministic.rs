//! # PL304 non-deterministic
//!
//! The step gives another result every time it runs: the clock, `$RANDOM`, a new uuid or key. Two
//! builds of the same source differ, and the cache keeps one result for all images.
//!
//! Take the value from an ARG (`SOURCE_DATE_EPOCH` for times), or make it when the container starts:
//! a key made in the build is the same in every container.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(run, command)| {
        let what = changing(command).filter(|_| !run.text.contains("SOURCE_DATE_EPOCH"))?;
        let message = format!("{what}: the step gives another result every time it runs");
        Some(report.info(message).at(source, command.span, "not the same twice"))
    });
    found.collect()
}

fn changing(command: &RunCommand) -> Option<&'static str> {
    let words = || command.arguments().iter().chain(&command.assignments);
    match command.program() {
        "date" if !command.has(&["-d", "--date", "-r", "--reference", "-s", "--set"]) => Some("the clock"),
        "uuidgen" => Some("a new uuid"),
        "ssh-keygen" if command.has(&["-A", "-t", "-N"]) => Some("a new key"),
        "openssl" if matches!(command.action(), "rand" | "genrsa") => Some("new random bytes"),
        _ if words().any(|word| word.raw.contains("$RANDOM") || word.raw.contains("/random/uuid")) => {
            Some("a random number")
        }
        _ => None,
    }
}
