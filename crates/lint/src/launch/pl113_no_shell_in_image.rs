//! # PL113 no-shell-in-image
//!
//! Shell form needs `/bin/sh`, and images made from `scratch` or from distroless bases have none:
//! `exec: "/bin/sh": no such file or directory`.
//!
//! Write the exec form, or choose a base with a shell.

use plimsoll_model::{Because, Certainty, Diagnostic};

use super::exec_form;
use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::contract::ShellKind;
use plimsoll_contract::pid1;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let (shell, text) = match words::unwrap(subject.words(part)) {
        Started::ShellText { shell, text, .. } => (shell, Some(text)),
        Started::ShellScript { shell, .. } => (shell, None),
        Started::Shell => (subject.words(part)[0].clone(), None),
        _ => return Vec::new(),
    };
    if pid1::kind_of(&shell, subject.contract) != ShellKind::Missing {
        return Vec::new();
    }
    let guessed = subject
        .written
        .is_some_and(|(_, prediction)| matches!(prediction.shell_because, Because::Assumed(_)));
    let certainty = if guessed { Certainty::Likely } else { Certainty::Certain };
    let found = report.error(format!("{} has no {shell}: nothing starts", subject.image_name()));
    let mut found = subject.at(found.certainty(certainty), part, &format!("needs {shell}"));
    if let (Some((source, _, command)), Some(words)) =
        (subject.command(part), text.and_then(|text| exec_form::literal_words(&text)))
    {
        let title = "exec form needs no shell".to_string();
        found.fix = Some(exec_form::replace(source, command.span(), exec_form::json_array(&words), title));
    }
    vec![found]
}
