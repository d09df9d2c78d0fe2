//! # PL112 argv0-has-space
//!
//! The whole command line stands in one string, so the system looks for a program of that name:
//! `exec: "node server.js": executable file not found in $PATH`.
//!
//! Write every word as a string of its own: `["node", "server.js"]`. Nothing is said of a program whose name
//! really has a blank in it.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::{Diagnostic, Edit, Fix};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::origin;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
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
        if exists(subject, first) {
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

/// Whether a program of this name is in the image.
fn exists(subject: &Subject<'_>, name: &str) -> bool {
    match subject.tree {
        Some(tree) => {
            origin::candidates(subject.contract, name).iter().any(|path| tree.resolve(path).is_ok())
        }
        None => subject.locate(name).is_some(),
    }
}
