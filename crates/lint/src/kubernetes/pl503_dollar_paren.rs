//! # PL503 dollar-paren
//!
//! `$(NAME)` in exec form is nothing to docker: the program is given these characters. As `command` or
//! `args` of a pod the kubelet puts the variable's value there. The image behaves differently in the two.
//!
//! For the characters themselves write `$$(NAME)` in the pod; for the value let the program read its
//! environment.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::{Part, Subject};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let parts = [Part::Entrypoint, Part::Cmd].into_iter();
    let found = parts.filter(|part| !subject.is_shell_form(*part)).filter_map(|part| {
        let name = subject.words(part).iter().find_map(|word| reference(word))?;
        let found = report.info(format!("$({name}) is expanded by Kubernetes and by nothing else"));
        Some(subject.at(found, part, "docker passes the characters on"))
    });
    found.collect()
}

/// The variable in `$(NAME)`, as the kubelet reads it: an identifier, nothing around it.
fn reference(word: &str) -> Option<&str> {
    word.match_indices("$(").find_map(|(at, _)| {
        let rest = &word[at + 2..];
        let name = &rest[..rest.find(')')?];
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        (is_name && !word[..at].ends_with('$')).then_some(name)
    })
}
