//! # PL107 cmd-repeats-entrypoint
//!
//! CMD is appended to ENTRYPOINT, so a CMD that begins with the same program starts
//! `python python app.py`.
//!
//! Leave the program out of CMD, or leave ENTRYPOINT out.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::{Diagnostic, Edit, Fix};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::modes;
use plimsoll_contract::pid1::words::{base_name, is_shell};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let (entrypoint, cmd) = (subject.words(Part::Entrypoint), subject.words(Part::Cmd));
    let (Some(program), Some(repeated)) = (entrypoint.first(), cmd.first()) else { return Vec::new() };
    let same = base_name(program) == base_name(repeated);
    let shells = [Part::Entrypoint, Part::Cmd].iter().any(|part| subject.is_shell_form(*part));
    // A script that never looks at its arguments does not mind.
    let harmless = modes::drops_args(entrypoint, subject.contract);
    if !same
        || shells
        || harmless
        || is_shell(base_name(program))
        || subject.launches_its_args(entrypoint) == Some(true)
    {
        return Vec::new();
    }
    let argv: Vec<String> = entrypoint.iter().chain(cmd).cloned().collect();
    let found = report.error(format!("the image starts {}", exec_form::json_array(&argv)));
    let found = subject.at(found, Part::Cmd, &format!("{repeated} once more: CMD is appended to ENTRYPOINT"));
    let mut found = subject.beside(found, Part::Entrypoint, &format!("{program} is already here"));
    if let Some((source, _, Command::Exec { argv, span })) = subject.command(Part::Cmd)
        && argv.len() > 1
    {
        found.fix = Some(Fix {
            title: format!("leave {repeated} out of CMD"),
            source: source.clone(),
            edits: vec![Edit { span: *span, replacement: exec_form::json_array(&argv[1..]) }],
            safe: true,
        });
    }
    vec![found]
}
