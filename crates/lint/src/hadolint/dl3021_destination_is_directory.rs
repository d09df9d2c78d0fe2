//! # DL3021 destination-is-directory
//!
//! COPY of several sources needs a directory as destination, and the builder takes only a path that
//! ends in `/` for one. The build fails.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{lines, unquoted};
use crate::edits;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let found = lines(file).into_iter().filter_map(|line| {
        let Instruction::Copy { is_add: false, sources, destination, .. } = line.instruction()? else {
            return None;
        };
        if sources.len() < 2 || unquoted(&destination.text).ends_with('/') {
            return None;
        }
        let found = report.error("several sources need a destination that ends in /");
        let found =
            found.at(source, line.span(), "").context(source, destination.span, "not taken for a directory");
        let is_plain =
            !destination.text.ends_with(['"', '\'']) && source.slice(destination.span) == destination.text;
        Some(match is_plain {
            true => found.fix(edits::insert(source, destination.span.end, "/", "name a directory", true)),
            false => found,
        })
    });
    found.collect()
}
