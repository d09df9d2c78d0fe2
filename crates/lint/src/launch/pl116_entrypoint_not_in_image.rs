//! # PL116 entrypoint-not-in-image
//!
//! The program is in no layer of the image, or in no directory of its PATH:
//! `exec: "server": executable file not found in $PATH` (127). Checked on the finished image only.

use plimsoll_model::{Diagnostic, EntryKind, FileTree};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::origin;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(tree) = subject.tree else { return Vec::new() };
    let part = subject.leading();
    let word = match words::unwrap(subject.words(part)) {
        Started::Program(rest) => rest.first().cloned(),
        Started::ShellScript { script, .. } if script.contains('/') => Some(script),
        _ => None,
    };
    let Some(word) = word.filter(|word| !word.contains([' ', '$'])) else { return Vec::new() };
    if origin::candidates(subject.contract, &word).iter().any(|path| is_file(tree, path)) {
        return Vec::new();
    }
    let (message, place) = match word.contains('/') {
        true => (format!("{word} is not in the image"), "no layer has this file"),
        false => (format!("{word} is in no directory of PATH"), "not found in PATH"),
    };
    let found = report.error(message).note("at run time: executable file not found (127)");
    vec![subject.at(found, part, place)]
}

fn is_file(tree: &dyn FileTree, path: &str) -> bool {
    tree.resolve(path).is_ok_and(|(_, entry)| entry.kind == EntryKind::File)
}
