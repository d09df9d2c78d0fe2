//! # DL3024 unique-stage-names
//!
//! Two stages have one name. Whoever refers to it gets the last one before the place. Rename one; the
//! builder warns of it as well (`DuplicateStageName`).

use plimsoll_model::Diagnostic;

use super::words::at_spans;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut names: Vec<&str> = Vec::new();
    let mut spans = Vec::new();
    for stage in &file.dockerfile.stages {
        let Some(name) = &stage.from.name else { continue };
        if names.contains(&name.text.as_str()) {
            spans.push(stage.span);
        }
        names.push(&name.text);
    }
    at_spans(&file.dockerfile.source, spans.into_iter(), || report.error("another stage has this name"))
}
