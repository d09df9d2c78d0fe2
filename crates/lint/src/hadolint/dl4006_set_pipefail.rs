//! # DL4006 set-pipefail
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL317 asks only where a download feeds the pipe.

use plimsoll_contract::pid1::words::base_name;
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{Line, at_spans, lines};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut spans = Vec::new();
    let mut is_set = false;
    for line in lines(&runs.file) {
        let run = runs.list.iter().find(|run| run.statement.span == line.span());
        match (&line, line.instruction()) {
            (Line::From(..), _) => is_set = false,
            (_, Some(Instruction::Shell { argv, .. })) => is_set = sets_pipefail(argv),
            _ if run.is_some_and(|run| run.has_pipes) && !is_set => spans.push(line.span()),
            _ => {}
        }
    }
    at_spans(&runs.file.dockerfile.source, spans.into_iter(), || {
        report.warning("only the end of the pipe counts")
    })
}

/// A shell with the option, or one that is no POSIX shell at all.
fn sets_pipefail(argv: &[String]) -> bool {
    let program = argv.first().map_or("", |word| base_name(word));
    let is_foreign = ["pwsh", "powershell", "cmd"].iter().any(|shell| program.starts_with(shell));
    let has_option = argv.iter().any(|word| word.starts_with('-') && word.contains('o'));
    let is_shell = matches!(program, "bash" | "zsh" | "ash");
    is_foreign || (is_shell && has_option && argv.iter().any(|word| word == "pipefail"))
}
