//! # PL306 update-alone
//!
//! `RUN apt-get update` without an installation in the same RUN. Its layer is cached: weeks later the
//! next RUN installs from a list of packages that are gone (`404 Not Found`) or have holes.
//!
//! Do both in one RUN: `RUN apt-get update && apt-get install -y ...`.

use plimsoll_dockerfile::syntax::{Command, Instruction, Statement};
use plimsoll_model::{Diagnostic, Fix, Span};

use crate::edits;
use crate::package_managers::{Manager, install, manager};
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.understood().filter_map(|run| {
        let update = run.commands.iter().find(|command| is_update(command))?;
        let lists = "/var/lib/apt/lists";
        let uses = |command: &RunCommand| manager(command).is_some() && !is_update(command);
        let others = run.commands.iter().any(uses) || run.text.contains(".sh") || run.is_mounted(lists);
        if others {
            return None;
        }
        let message =
            format!("{} update stands alone: its list of packages grows old in the cache", update.program());
        let found = report.warning(message).at(source, update.span, "cached until this line changes");
        Some(match fix(runs, run) {
            Some(fix) => found.fix(fix),
            None => found,
        })
    });
    found.collect()
}

fn is_update(command: &RunCommand) -> bool {
    let known = manager(command).is_some_and(|(manager, _)| matches!(manager, Manager::Apt | Manager::Apk));
    known && command.action() == "update"
}

/// Join it with the RUN right behind it, if that one installs.
fn fix(runs: &Runs<'_>, run: &Run<'_>) -> Option<Fix> {
    let stage = runs.file.dockerfile.stages.get(run.stage?)?;
    let at = stage.statements.iter().position(|statement| statement.span == run.statement.span)?;
    let next = stage.statements.get(at + 1)?;
    let installs = runs.of_stage(run.stage?).find(|run| run.statement.span == next.span)?;
    if !installs.commands.iter().any(|command| install(command).is_some()) {
        return None;
    }
    let (_, text) = (plain(run.statement)?, plain(next)?);
    let source = &runs.file.dockerfile.source;
    let between = Span::new(run.statement.span.end, text.start);
    let only_blank = source.slice(Span::new(run.statement.span.end, next.span.start)).trim().is_empty();
    let title = "one RUN for both";
    only_blank.then(|| edits::replace(source, between, " \\\n    && ", title, true))
}

/// Where the text of a RUN without flags and heredocs stands.
fn plain(statement: &Statement) -> Option<Span> {
    match &statement.instruction {
        Instruction::Run { flags, command: Command::Shell(text), heredocs }
            if flags.is_empty() && heredocs.is_empty() =>
        {
            Some(text.span)
        }
        _ => None,
    }
}
