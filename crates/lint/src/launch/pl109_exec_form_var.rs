//! # PL109 exec-form-var
//!
//! In exec form there is no shell: `$PORT` stays these five characters. The builder does not expand
//! CMD and ENTRYPOINT either, in no form.
//!
//! ```Dockerfile
//! CMD ["node", "server.js", "--port", "$PORT"]    # the program is given "$PORT"
//! ```
//!
//! Use `["/bin/sh", "-c", "exec node server.js --port \"$PORT\""]`, or let the program read its
//! environment. In Kubernetes `$(PORT)` is expanded, for variables of the pod.
//!
//! Nothing is said about texts for a shell, about names in lower case or with dots (programs have
//! their own templates), or when the entrypoint script expands its arguments.

use plimsoll_model::{Certainty, Diagnostic};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let expands = |text: &str| text.contains("eval") || text.contains("envsubst");
    let script = subject.contract.script.as_ref();
    if script.is_some_and(|script| expands(script.source.text())) {
        return Vec::new();
    }
    let parts = [Part::Entrypoint, Part::Cmd].into_iter();
    parts.filter_map(|part| check_part(subject, report, part)).collect()
}

fn check_part(subject: &Subject<'_>, report: &Report, part: Part) -> Option<Diagnostic> {
    let words = subject.words(part);
    let shell_reads = |argv: &[String]| {
        matches!(words::unwrap(argv), Started::ShellText { .. } | Started::Shell | Started::Unclear(_))
    };
    if subject.is_shell_form(part) || shell_reads(words) || shell_reads(&subject.argv()) {
        return None;
    }
    let (word, name) = words.iter().find_map(|word| Some((word, variable(word)?)))?;
    let (_, _, command) = subject.command(part)?;
    let known = subject.contract.env.iter().any(|pair| pair.value.0 == name);
    let certainty = if known { Certainty::Certain } else { Certainty::Likely };
    let found = report.error(format!("{word:?} is not expanded: there is no shell in exec form"));
    let label = format!("the program is given the characters {word}");
    let mut found = subject.at(found.certainty(certainty), part, &label);
    if known {
        found.notes.push(format!("{name} is in the image's environment: the program can read it there"));
    }
    if let (Part::Cmd, true, Some((source, ..))) =
        (part, subject.words(Part::Entrypoint).is_empty(), subject.command(part))
    {
        let text =
            format!("exec {}", words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "));
        let argv = ["/bin/sh".to_string(), "-c".to_string(), text];
        let title = "let a shell expand it and give way to the program".to_string();
        found.fix = Some(exec_form::replace(source, command.span(), exec_form::json_array(&argv), title));
    }
    Some(found)
}

/// The upper-case variable a word means to use: `$PORT`, `${PORT}`, `--port=$PORT`.
fn variable(word: &str) -> Option<&str> {
    word.match_indices('$').find_map(|(at, _)| {
        let rest = &word[at + 1..];
        let braced = rest.strip_prefix('{');
        let rest = braced.unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let name = &rest[..end];
        let upper = name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains(char::is_lowercase);
        let closed = braced.is_none() || rest[end..].starts_with(['}', ':', '-']);
        (upper && closed && name.len() > 1).then_some(name)
    })
}

fn shell_word(word: &str) -> String {
    match variable(word) {
        Some(_) => format!("\"{}\"", word.replace('"', "\\\"")),
        None => plimsoll_contract::judge::command_text(&[word.to_string()]),
    }
}
