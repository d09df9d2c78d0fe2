//! # PL123 shell-after-cmd
//!
//! A shell-form CMD or ENTRYPOINT is wrapped with the SHELL in force at its own line. A SHELL that
//! comes later has no effect on it.
//!
//! Move SHELL above it, or write exec form.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Because, Diagnostic};

use crate::rule::Report;
use crate::subject::{Part, Subject};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let parts = [Part::Entrypoint, Part::Cmd].into_iter();
    parts.filter_map(|part| check_part(subject, report, part)).collect()
}

fn check_part(subject: &Subject<'_>, report: &Report, part: Part) -> Option<Diagnostic> {
    let (source, statement, command) = subject.command(part)?;
    let (dockerfile, _) = subject.written?;
    if !command.is_shell_form() {
        return None;
    }
    let stage = dockerfile
        .stages
        .iter()
        .find(|stage| stage.statements.iter().any(|other| other.span == statement.span))?;
    let later = stage.statements.iter().filter(|other| other.span.start > statement.span.start);
    let mut shells = later.filter_map(|other| match &other.instruction {
        Instruction::Shell { argv, .. } => Some((other, argv)),
        _ => None,
    });
    let (shell, argv) = shells.next()?;
    if subject.words(part).starts_with(argv) {
        return None;
    }
    let word = part.word();
    let found = report.warning(format!("SHELL has no effect on the {word} before it"));
    let because = Because::Written { source: source.clone(), span: shell.span };
    let found = subject.label(found, &because, "too late", true);
    Some(subject.beside(found, part, &format!("runs with {}", subject.words(part)[0])))
}
