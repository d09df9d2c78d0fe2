//! # DL3059 consecutive-run
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL316 says why it rarely matters.

use plimsoll_dockerfile::syntax::{Flag, Instruction};
use plimsoll_model::Diagnostic;

use super::words::{Line, at_spans, commands, lines};
use crate::rule::Report;
use crate::run_commands::{Run, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut before: Option<&Run<'_>> = None;
    let mut spans = Vec::new();
    for line in lines(&runs.file) {
        let is_run = matches!(&line, Line::Other(statement) if matches!(statement.instruction, Instruction::Run { .. }));
        let run = runs.list.iter().find(|run| is_run && run.statement.span == line.span());
        let is_second = run.zip(before).is_some_and(|(run, before)| {
            flags(run) == flags(before) && commands(run).count() < 2 && commands(before).count() < 2
        });
        match is_second {
            true => spans.push(line.span()),
            false => before = run,
        }
    }
    at_spans(&runs.file.dockerfile.source, spans.into_iter(), || report.info("a second RUN in a row"))
}

fn flags(run: &Run<'_>) -> Vec<(String, Option<String>)> {
    let pair = |flag: &Flag| (flag.name.clone(), flag.value.as_ref().map(|value| value.text.clone()));
    let mut flags: Vec<_> = run.flags.iter().map(pair).collect();
    flags.sort();
    flags
}
