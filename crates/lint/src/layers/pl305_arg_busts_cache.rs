//! # PL305 arg-busts-cache
//!
//! An ARG that has another value in every build (a commit, a date) stands above steps that install
//! things. ARGs in scope are part of every RUN's key, so these steps run again every time.
//!
//! Declare it right before its first use.

use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_model::{Diagnostic, Fix};

use crate::edits;
use crate::package_managers::install;
use crate::rule::Report;
use crate::run_commands::Runs;

/// Names whose value changes with every build.
const CHANGING: [&str; 20] = [
    "GIT_SHA",
    "GIT_COMMIT",
    "GIT_REVISION",
    "GIT_REV",
    "GIT_HASH",
    "GITHUB_SHA",
    "COMMIT_SHA",
    "COMMIT_HASH",
    "COMMIT",
    "CI_COMMIT_SHA",
    "SOURCE_COMMIT",
    "VCS_REF",
    "REVISION",
    "BUILD_DATE",
    "BUILD_TIME",
    "BUILD_TIMESTAMP",
    "BUILD_NUMBER",
    "BUILD_ID",
    "CACHEBUST",
    "CACHE_BUST",
];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = runs.file.dockerfile.stages.iter().enumerate();
    let found = stages.flat_map(|(index, stage)| {
        let statements = stage.statements.iter().enumerate();
        statements.filter_map(move |(at, statement)| {
            early(runs, index, &stage.statements[at + 1..], statement, report)
        })
    });
    found.collect()
}

fn early(
    runs: &Runs<'_>,
    stage: usize,
    after: &[Statement],
    statement: &Statement,
    report: &Report,
) -> Option<Diagnostic> {
    let Instruction::Arg(pairs) = &statement.instruction else { return None };
    let pair = pairs.iter().find(|pair| CHANGING.contains(&pair.name.text.as_str()))?;
    // A cache is broken on purpose by this name.
    if pair.name.text.starts_with("CACHE") {
        return None;
    }
    let source = &runs.file.dockerfile.source;
    let uses = |statement: &&Statement| source.slice(statement.span).contains(&pair.name.text);
    let first = after.iter().find(uses);
    let until = first.map_or(usize::MAX, |first| first.span.start);
    let between = |start: usize| statement.span.end < start && start < until;
    let mut installs = runs.of_stage(stage).filter(|run| {
        between(run.statement.span.start) && run.commands.iter().any(|command| install(command).is_some())
    });
    let run = installs.next()?;
    let message = format!("another {} in every build makes all steps below run again", pair.name.text);
    let found = report.info(message).at(source, statement.span, "part of the key of every RUN below");
    let found = found.context(source, run.statement.span, "does not need it");
    Some(match (first, pairs.len()) {
        (Some(first), 1) => found.fix(moved(runs, statement, first)),
        _ => found,
    })
}

/// The declaration right before its first use. Any program can read a variable, so this is offered.
fn moved(runs: &Runs<'_>, statement: &Statement, first: &Statement) -> Fix {
    let source = &runs.file.dockerfile.source;
    let title = "declare it where it is used";
    let mut fix = edits::replace(source, edits::whole_lines(source, statement.span), "", title, false);
    // It takes the blanks that stand before the first use, which gets its own.
    let blanks = edits::indentation(source, first.span.start);
    let text = format!("{}\n{blanks}", source.slice(statement.span));
    fix.edits.extend(edits::insert(source, first.span.start, text, title, false).edits);
    fix
}
