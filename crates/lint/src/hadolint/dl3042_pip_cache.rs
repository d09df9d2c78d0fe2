//! # DL3042 pip-cache
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL309 says the same of all package managers.

use plimsoll_dockerfile::syntax::{Instruction, Pair};
use plimsoll_model::Diagnostic;

use super::words::{arguments, commands, image_parts, is_pip_install, of_runs, unquoted};
use crate::file::File;
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let off: Vec<bool> = stages_with_cache_off(&runs.file);
    of_runs(
        runs,
        || report.warning("pip leaves its cache in the layer"),
        |run| {
            let is_off = run.stage.is_some_and(|stage| off[stage]) && is_behind_env(&runs.file, run);
            let is_kept = run
                .flag_values("mount")
                .any(|mount| mount.contains("type=cache") && mount.contains("/root/.cache/pip"));
            let forgets = |command: &RunCommand| {
                is_pip_install(command) && !arguments(command).any(|word| word == "--no-cache-dir")
            };
            !is_off && !is_kept && !is_set_in(&run.text) && commands(run).any(forgets)
        },
    )
}

const TRUE: [&str; 10] = ["1", "true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES"];

fn is_set_in(text: &str) -> bool {
    let behind = text.split_once("PIP_NO_CACHE_DIR=").map(|(_, value)| value);
    behind.is_some_and(|value| TRUE.iter().any(|on| value.starts_with(on)))
}

fn sets(instruction: &Instruction) -> bool {
    let is_on = |pair: &Pair| {
        let value = pair.value.as_ref().map(|value| unquoted(&value.text));
        pair.name.text == "PIP_NO_CACHE_DIR" && value.is_some_and(|value| TRUE.contains(&value))
    };
    matches!(instruction, Instruction::Env(pairs) if pairs.iter().any(is_on))
}

/// The stages in which an ENV, inherited or own, switches the cache off.
fn stages_with_cache_off(file: &File<'_>) -> Vec<bool> {
    let mut off: Vec<bool> = Vec::new();
    for (index, stage) in file.dockerfile.stages.iter().enumerate() {
        let image = image_parts(&stage.from.image.text).0;
        let parent = file.dockerfile.stages[..index]
            .iter()
            .rposition(|other| other.from.name.as_ref().is_some_and(|name| name.text == image));
        let own = stage.statements.iter().any(|statement| sets(&statement.instruction));
        off.push(own || parent.is_some_and(|parent| off[parent]));
    }
    off
}

/// The ENV of the RUN's own stage, if it has one, stands above it.
fn is_behind_env(file: &File<'_>, run: &Run<'_>) -> bool {
    let statements = run.stage.map_or(&[][..], |stage| &file.dockerfile.stages[stage].statements);
    let own = statements.iter().find(|statement| sets(&statement.instruction));
    own.is_none_or(|env| env.span.start < run.statement.span.start)
}
