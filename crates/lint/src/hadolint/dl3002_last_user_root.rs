//! # DL3002 last-user-root
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: the
//! last USER of a stage is root. PL401 looks at what the image really runs as, the base included.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let last = file.dockerfile.stages.iter().filter_map(|stage| {
        let mut users = stage.statements.iter().filter_map(|statement| match &statement.instruction {
            Instruction::User(user) => Some((statement.span, user)),
            _ => None,
        });
        users.next_back().filter(|(_, user)| is_root(&user.text)).map(|(span, _)| span)
    });
    at_spans(source, last, || report.warning("the last USER is root"))
}

fn is_root(user: &str) -> bool {
    matches!(user, "root" | "0") || user.starts_with("root:") || user.starts_with("0:")
}
