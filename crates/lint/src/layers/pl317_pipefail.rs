//! # PL317 pipefail
//!
//! A pipe succeeds if its last command does: in `curl ... | tar x` a failed download is an empty
//! archive, and the build goes on.
//!
//! `SHELL ["/bin/bash", "-o", "pipefail", "-c"]`, or `set -o pipefail;` in the RUN where the shell is bash
//! or busybox (Debian's dash knows it only since version 0.5.13).
//!
//! Off unless asked for: most pipes here are harmless (`echo | tee`), and dash refuses the option.

use plimsoll_dockerfile::shell::Join;
use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::super::pins::pl206_pipe_to_shell::is_download;
use crate::rule::Report;
use crate::run_commands::{Run, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.understood().filter(|run| !run.text.contains("pipefail") && !is_set(runs, run));
    let found = found.filter_map(|run| {
        let pipe = run.commands.iter().find(|command| command.join == Join::Pipe && is_download(command))?;
        let message = format!("the step succeeds when {} fails: only the pipe's end counts", pipe.program());
        Some(report.info(message).at(source, pipe.span, "its failure is not seen"))
    });
    found.collect()
}

/// The last SHELL before a RUN sets it.
fn is_set(runs: &Runs<'_>, run: &Run<'_>) -> bool {
    let before = runs.file.staged().filter(|(stage, statement)| {
        Some(*stage) == run.stage && statement.span.start < run.statement.span.start
    });
    let shells = before.filter_map(|(_, statement)| match &statement.instruction {
        Instruction::Shell { argv, .. } => Some(argv),
        _ => None,
    });
    shells.last().is_some_and(|argv| argv.iter().any(|word| word.contains("pipefail")))
}
