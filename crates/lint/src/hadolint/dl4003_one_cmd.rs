//! # DL4003 one-cmd
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: a
//! stage has several CMD. PL117 says which of them counts.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{at_spans, later_ones};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let is_one = |instruction: &Instruction| matches!(instruction, Instruction::Cmd(_));
    let later = later_ones(file, is_one);
    at_spans(&file.dockerfile.source, later.into_iter(), || report.warning("the stage has a CMD already"))
}
