//! # DL4001 wget-or-curl
//!
//! A stage downloads with curl and with wget. One of them is enough, and one package less to install.
//! curl also checks answers with `--fail`.

use plimsoll_model::Diagnostic;

use super::words::{at_spans, commands, name};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut spans = Vec::new();
    let mut stage = None;
    let mut seen: Vec<&str> = Vec::new();
    for run in &runs.list {
        if run.stage != stage {
            stage = run.stage;
            seen.clear();
        }
        let used: Vec<&str> =
            commands(run).map(name).filter(|name| matches!(*name, "curl" | "wget")).collect();
        for name in &used {
            if !seen.contains(name) {
                seen.push(name);
            }
        }
        if !used.is_empty() && seen.len() == 2 {
            spans.push(run.statement.span);
        }
    }
    at_spans(source, spans.into_iter(), || report.warning("both curl and wget are used"))
}
