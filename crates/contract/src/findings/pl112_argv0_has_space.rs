//! # PL112 argv0-has-space
//!
//! The whole command line stands in one string, so the system looks for a program of that name:
//! `exec: "node server.js": executable file not found in $PATH`.
//!
//! Write every word as a string of its own: `["node", "server.js"]`.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::{Diagnostic, Edit, Fix};

use super::Report;
use super::exec_form;
use super::subject::{Part, Subject};
use crate::pid1::words::{self, Started};

pub(super) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let (entrypoint, cmd) = (subject.words(Part::Entrypoint), subject.words(Part::Cmd));
    let launcher = !entrypoint.is_empty() && subject.launches_its_args(entrypoint) == Some(true);
    let parts = [(Part::Entrypoint, true), (Part::Cmd, entrypoint.is_empty() || launcher)];
    let shell_reads = matches!(words::unwrap(entrypoint), Started::ShellText { .. } | Started::Shell)
        && !entrypoint.is_empty();
    let check_part = |(part, program): (Part, bool)| {
        let first = if part == Part::Cmd { cmd.first()? } else { entrypoint.first()? };
        let (program_name, _) = first.split_once(' ')?;
        if !program || shell_reads || subject.is_shell_form(part) || program_name.is_empty() {
            return None;
        }
        let found = report.error(format!("there is no program called {first:?}"));
        let mut found = subject.at(found, part, "one string is one word: this is the program's whole name");
        found.notes.push(format!("at run time: exec: {first:?}: executable file not found in $PATH (127)"));
        if let Some((source, _, Command::Exec { argv, span })) = subject.command(part) {
            let mut split = exec_form::literal_words(first)?;
            split.extend(argv[1..].iter().cloned());
            found.fix = Some(Fix {
                title: "one string a word".to_string(),
                source: source.clone(),
                edits: vec![Edit { span: *span, replacement: exec_form::json_array(&split) }],
                safe: true,
            });
        }
        Some(found)
    };
    parts.into_iter().filter_map(check_part).collect()
}
