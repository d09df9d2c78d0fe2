//! # DL4000 no-maintainer
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL608 offers the label that takes its place.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::of_instructions;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.error("MAINTAINER is deprecated"),
        |instruction| matches!(instruction, Instruction::Maintainer(_)),
    )
}
