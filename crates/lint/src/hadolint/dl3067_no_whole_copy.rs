//! # DL3067 no-whole-copy
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL311 leaves images alone that are flattened on purpose.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{copied_from, of_instructions, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.warning("a whole file system is copied"),
        |instruction| match instruction {
            Instruction::Copy { is_add: false, flags, sources, destination, .. } => {
                let is_root = |path: &str| unquoted(path) == "/";
                let all = sources.iter().any(|source| is_root(&source.text)) && is_root(&destination.text);
                copied_from(flags).is_some() && all
            }
            _ => false,
        },
    )
}
