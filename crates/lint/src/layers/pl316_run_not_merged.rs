//! # PL316 run-not-merged
//!
//! Two RUN instructions follow each other. Each is a layer; merged they are one.
//!
//! Off unless asked for: layers cost little, and separate steps are cached each for itself. Merging
//! matters only where the second removes what the first made, and PL307 says that.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    for (stage, written) in runs.file.dockerfile.stages.iter().enumerate() {
        let run_at = |index: usize| {
            let span = written.statements.get(index)?.span;
            runs.of_stage(stage).find(|run| run.statement.span == span)
        };
        for index in 1..written.statements.len() {
            let (Some(before), Some(run)) = (run_at(index - 1), run_at(index)) else { continue };
            let is_short = before.commands.len() == 1 && run.commands.len() == 1;
            if is_short && before.flags == run.flags {
                let message = "two RUN instructions in a row make two layers";
                let here =
                    report.info(message).at(source, run.statement.span, "could be one with the RUN above");
                found.push(here);
            }
        }
    }
    found
}
