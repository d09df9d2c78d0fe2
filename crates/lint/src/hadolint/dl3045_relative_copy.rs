//! # DL3045 relative-copy
//!
//! COPY to a relative path before any WORKDIR: the files land in `/`, or wherever the base image
//! works. Set WORKDIR, or write the whole path.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{at_spans, image_parts, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut set: Vec<(String, bool)> = Vec::new();
    let mut spans = Vec::new();
    for stage in &file.dockerfile.stages {
        let image = image_parts(&stage.from.image.text).0;
        let name = stage.from.name.as_ref().map_or(image, |name| &name.text);
        let inherited = set.iter().rev().find(|(known, _)| known == image).is_some_and(|(_, is_set)| *is_set);
        let mut is_set = inherited;
        for statement in &stage.statements {
            match &statement.instruction {
                Instruction::Workdir(_) => is_set = true,
                Instruction::Copy { is_add: false, destination, .. }
                    if !is_set && is_relative(&destination.text) =>
                {
                    spans.push(statement.span);
                }
                _ => {}
            }
        }
        set.push((name.to_string(), is_set));
    }
    at_spans(&file.dockerfile.source, spans.into_iter(), || {
        report.warning("a relative destination without WORKDIR")
    })
}

fn is_relative(destination: &str) -> bool {
    let path = unquoted(destination);
    let behind_drive = path.char_indices().nth(1).map_or("", |(at, _)| &path[at..]);
    !path.starts_with(['/', '$']) && !behind_drive.starts_with(":\\") && !behind_drive.starts_with(":/")
}
