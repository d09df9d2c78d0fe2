//! # PL116 entrypoint-not-in-image
//!
//! The program is in no layer of the image, or in no directory of its PATH:
//! `exec: "server": executable file not found in $PATH` (127).
//!
//! Checked on the finished image. Of a Dockerfile it is said only where nothing else can bring the file:
//! the base image is `scratch` or at hand, no RUN runs on top of it, and all that is copied is in the build
//! context.

use plimsoll_contract::from_dockerfile::Base;
use plimsoll_contract::stage::{CopyWork, Work};
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Certainty, Diagnostic, EntryKind, FileTree, TreeError};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::origin;
use plimsoll_contract::pid1::words::{self, Started};

/// Places that get their files when the container starts.
const MADE_AT_START: [&str; 3] = ["/proc/", "/dev/", "/sys/"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let word = match words::unwrap(subject.words(part)) {
        Started::Program(rest) => rest.first().cloned(),
        Started::ShellScript { script, .. } if script.contains('/') => Some(script),
        _ => None,
    };
    let Some(word) = word.filter(|word| !word.is_empty() && !word.contains([' ', '$'])) else {
        return Vec::new();
    };
    let paths = origin::candidates(subject.contract, &word);
    let absent = match subject.tree {
        Some(tree) => (!paths.iter().any(|path| is_file(tree, path))).then_some(Certainty::Certain),
        None => surely_absent(subject, &word, &paths),
    };
    let Some(certainty) = absent else { return Vec::new() };
    let (message, place) = match word.contains('/') {
        true => (format!("{word} is not in the image"), "no layer has this file"),
        false => (format!("{word} is in no directory of PATH"), "not found in PATH"),
    };
    let found = report.error(message).certainty(certainty);
    vec![subject.at(found.note("at run time: executable file not found (127)"), part, place)]
}

fn is_file(tree: &dyn FileTree, path: &str) -> bool {
    tree.resolve(path).is_ok_and(|(_, entry)| entry.kind == EntryKind::File)
}

/// How sure it is that a Dockerfile builds an image without any of these files; `None` if one may be there.
fn surely_absent(subject: &Subject<'_>, word: &str, paths: &[String]) -> Option<Certainty> {
    let (_, prediction) = subject.written?;
    let in_base = |path: &String| match (prediction.root(), prediction.base_tree()) {
        (Some(Base::Scratch), _) => false,
        (_, Some(tree)) => !matches!(tree.resolve(path), Err(TreeError::Missing { .. })),
        _ => true,
    };
    let at_start = |path: &String| {
        let volumes = subject.contract.volumes.iter();
        let below = |directory: &str| path.starts_with(&format!("{}/", directory.trim_end_matches('/')));
        MADE_AT_START.iter().any(|place| path.starts_with(place))
            || volumes.into_iter().any(|v| below(&v.value))
    };
    if paths.iter().any(|path| in_base(path) || at_start(path)) || subject.locate(word).is_some() {
        return None;
    }
    let mut certainty = Certainty::Certain;
    for step in subject.steps() {
        match &step.applied.work {
            Work::Run(_) => return None,
            Work::Copy(copy) if !is_all_there(subject, copy) => return None,
            // A link in a directory may lead somewhere in the image.
            Work::Copy(_) => certainty = Certainty::Likely,
            _ => {}
        }
    }
    Some(certainty)
}

/// Whether what is copied is in the build context, file by file.
fn is_all_there(subject: &Subject<'_>, copy: &CopyWork) -> bool {
    let is_there = |source: &String| {
        let relative = clean_path("/", source);
        !source.contains(['*', '?', '[']) && (subject.context)(&relative[1..]).is_some()
    };
    copy.from.is_none() && !copy.is_add && !copy.parents && copy.sources.iter().all(is_there)
}
