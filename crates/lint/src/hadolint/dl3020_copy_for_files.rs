//! # DL3020 copy-for-files
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL312 knows as well what a pattern may match.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{is_archive, of_instructions, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.error("ADD of plain files"),
        |instruction| match instruction {
            Instruction::Copy { is_add: true, sources, .. } => !sources.iter().all(|source| {
                let text = unquoted(&source.text);
                is_archive(text) || text.starts_with("https://") || text.starts_with("http://")
            }),
            _ => false,
        },
    )
}
