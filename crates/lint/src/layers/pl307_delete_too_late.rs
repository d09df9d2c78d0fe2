//! # PL307 delete-too-late
//!
//! A RUN removes what an earlier instruction put into a layer of its own. The file is hidden, not gone:
//! the image keeps its bytes, and whoever unpacks the layer reads it.
//!
//! Remove it in the RUN that made it; do not copy it (a bind mount, `.dockerignore`), or copy only the
//! results into a last stage.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Diagnostic, Span};

use crate::package_managers::install;
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs, is_below};

/// Directories that installations fill.
const CACHES: [&str; 4] = ["/var/lib/apt/lists", "/var/cache/apk", "/var/cache/yum", "/var/cache/dnf"];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    let mut found = Vec::new();
    for run in runs.understood().filter(|run| run.stage.is_some_and(|stage| shipped.contains(&stage))) {
        let removals = run.commands.iter().filter(|command| command.program() == "rm");
        let late = removals.filter_map(|command| Some((command, origin(runs, run, command)?)));
        if let Some((command, (path, made))) = late.into_iter().next() {
            let message = format!("{path} is only hidden: an earlier layer keeps it");
            let found_here = report.warning(message).at(source, command.span, "removed too late");
            found.push(found_here.context(source, made, "kept in this layer"));
        }
    }
    found
}

/// A removed path and the earlier instruction of the stage that made it.
fn origin(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand) -> Option<(String, Span)> {
    let stage = run.stage?;
    let step = runs.file.step(stage, run.statement)?;
    let operands = command.arguments().iter().filter(|word| !word.text.starts_with('-'));
    operands.filter(|word| !word.text.contains('$')).find_map(|word| {
        let path = clean_path(&step.workdir, word.text.trim_end_matches("/*"));
        let made = copied(runs, stage, run, &path).or_else(|| cached(runs, stage, run, &path))?;
        Some((path, made))
    })
}

/// An earlier COPY or ADD whose files are all at or below the path.
fn copied(runs: &Runs<'_>, stage: usize, run: &Run<'_>, path: &str) -> Option<Span> {
    let statements = &runs.file.dockerfile.stages.get(stage)?.statements;
    let earlier = statements.iter().filter(|statement| statement.span.start < run.statement.span.start);
    let copies = earlier.filter(|statement| matches!(statement.instruction, Instruction::Copy { .. }));
    let made = copies.filter(|statement| {
        let Some(copy) = runs.file.copy(stage, statement) else { return false };
        let Some(destination) = runs.file.destination(stage, statement) else { return false };
        let into = copy.destination.ends_with('/') || copy.destination == "." || copy.sources.len() > 1;
        let name =
            |source: &String| source.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_string();
        let placed = |source: &String| clean_path(&destination, &name(source)) == path;
        path != "/" && (is_below(&destination, path) || (into && copy.sources.iter().any(placed)))
    });
    made.map(|statement| statement.span).next()
}

/// An earlier RUN that installed packages, if the path is what that leaves behind.
fn cached(runs: &Runs<'_>, stage: usize, run: &Run<'_>, path: &str) -> Option<Span> {
    let installs = |run: &Run<'_>| {
        run.commands.iter().any(|command| install(command).is_some_and(|i| i.manager.is_of_the_system()))
    };
    let updates = |run: &Run<'_>| run.commands.iter().any(|command| command.action() == "update");
    if !CACHES.contains(&path) || installs(run) || updates(run) {
        return None;
    }
    let earlier = runs.of_stage(stage).filter(|other| other.statement.span.start < run.statement.span.start);
    let mut filled = earlier.filter(|other| {
        (installs(other) || updates(other)) && !other.text.contains(path) && !other.is_mounted(path)
    });
    filled.next().map(|other| other.statement.span)
}
