//! # PL126 relative-argv0
//!
//! `["./app"]` is looked up in the working directory. It works as built, and stops working when the
//! launch sets another one: `run -w`, `workingDir` of a pod.
//!
//! Write the absolute path.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Diagnostic, Edit, Fix};

use super::exec_form;
use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let Some(word) = subject.words(part).first() else { return Vec::new() };
    if subject.is_shell_form(part)
        || !word.contains('/')
        || word.starts_with('/')
        || word.contains([' ', '$'])
    {
        return Vec::new();
    }
    let workdir = &subject.contract.workdir;
    let absolute = clean_path(&workdir.value, word);
    let found = report.info(format!("{word} depends on the working directory"));
    let found = subject.at(found, part, &format!("means {absolute}"));
    let mut found = subject.label(found, &workdir.because, "because of this WORKDIR", false);
    found.notes.push("a launch with another working directory does not find it (-w, workingDir)".to_string());
    if let Some((source, _, Command::Exec { argv, span })) = subject.command(part) {
        let mut words = argv.clone();
        words[0] = absolute;
        found.fix = Some(Fix {
            title: "write the absolute path".to_string(),
            source: source.clone(),
            edits: vec![Edit { span: *span, replacement: exec_form::json_array(&words) }],
            safe: true,
        });
    }
    vec![found]
}
