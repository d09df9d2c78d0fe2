//! # PL308 duplicate-layer
//!
//! `RUN chown -R` or `chmod -R` right after COPY: a changed owner or mode puts the whole file into
//! another layer, so the image holds everything twice.
//!
//! Let COPY do it: `COPY --chown=app:app . /app`, `COPY --chmod=0755 run.sh /`.

use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Diagnostic, Fix};

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs, is_below};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    let found = runs.understood().filter_map(|run| {
        let stage = run.stage.filter(|stage| shipped.contains(stage))?;
        let (command, copy) =
            run.commands.iter().find_map(|command| Some((command, changed(runs, run, stage, command)?)))?;
        let flag = if command.program() == "chown" { "--chown" } else { "--chmod" };
        let message = format!("{} stores the copied files a second time", command.program());
        let found = report.info(message).at(source, command.span, "all files again, in a layer of their own");
        let found = found.context(source, copy.span, format!("{flag} here costs nothing"));
        Some(match fix(runs, run, command, copy, flag) {
            Some(fix) => found.fix(fix),
            None => found,
        })
    });
    found.collect()
}

/// The COPY before a RUN whose files a command changes.
fn changed<'a>(runs: &Runs<'a>, run: &Run<'_>, stage: usize, command: &RunCommand) -> Option<&'a Statement> {
    if !matches!(command.program(), "chown" | "chmod") {
        return None;
    }
    let statements = &runs.file.dockerfile.stages.get(stage)?.statements;
    let workdir = &runs.file.step(stage, run.statement)?.workdir;
    let operands = command.arguments().iter().filter(|word| !word.text.starts_with('-'));
    let paths: Vec<String> = operands
        .skip(1)
        .filter(|word| !word.text.contains(['$', '*']))
        .map(|word| clean_path(workdir, &word.text))
        .collect();
    // Of a single file the second copy weighs nothing.
    if !(command.has_letter('R') || command.has(&["--recursive"])) {
        return None;
    }
    let earlier = statements.iter().filter(|statement| statement.span.start < run.statement.span.start);
    earlier.rev().find(|statement| {
        let Some(copy) = runs.file.copy(stage, statement) else { return false };
        let Some(destination) = runs.file.destination(stage, statement) else { return false };
        let done = if command.program() == "chown" { &copy.chown } else { &copy.chmod };
        let hit = |path: &String| path != "/" && is_below(&destination, path);
        done.is_none() && paths.iter().any(hit)
    })
}

/// The flag at COPY in the place of the RUN, if that does nothing else.
fn fix(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand, copy: &Statement, flag: &str) -> Option<Fix> {
    let [only] = run.commands.as_slice() else { return None };
    let Instruction::Copy { flags, .. } = &copy.instruction else { return None };
    let operands: Vec<_> = only.arguments().iter().filter(|word| !word.text.starts_with('-')).collect();
    let [value, _path] = operands.as_slice() else { return None };
    let is_mode = command.program() == "chmod";
    let plain = !value.text.contains(['$', '+', '-', '=', ',']) || !is_mode && !value.text.contains('$');
    // A symbolic mode depends on the mode each file has.
    let octal = !is_mode || value.text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || !octal || !flags.is_empty() || !run.flags.is_empty() {
        return None;
    }
    let source = &runs.file.dockerfile.source;
    // A directory that was there before keeps its owner then, so this is offered.
    let title = "let COPY do it";
    let mut fix = edits::insert_flag(source, copy, &format!("{flag}={}", value.text), title, false);
    let line = edits::whole_lines(source, run.statement.span);
    fix.edits.extend(edits::replace(source, line, "", title, false).edits);
    Some(fix)
}
