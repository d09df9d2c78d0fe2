//! # DL3022 from-is-stage
//!
//! `COPY --from` names nothing that this file builds. If it was meant as a stage, the builder looks
//! for an image of that name. Images with a tag or a registry are meant as such.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{at_spans, copied_from};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut names: Vec<&str> = Vec::new();
    let mut spans = Vec::new();
    for stage in &file.dockerfile.stages {
        names.extend(stage.from.name.as_ref().map(|name| name.text.as_str()));
        for statement in &stage.statements {
            let Instruction::Copy { is_add: false, flags, .. } = &statement.instruction else { continue };
            let is_unknown =
                |from: &str| !names.contains(&from) && !from.contains(':') && from.parse::<usize>().is_err();
            if copied_from(flags).is_some_and(is_unknown) {
                spans.push(statement.span);
            }
        }
    }
    at_spans(&file.dockerfile.source, spans.into_iter(), || {
        report.warning("--from names no stage of this file")
    })
}
