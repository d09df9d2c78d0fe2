//! # DL3023 from-itself
//!
//! `COPY --from` names the stage it stands in. A stage cannot copy from itself: the build fails. Name
//! another stage, or the image.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{at_spans, copied_from};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = file.dockerfile.stages.iter();
    let own = stages.flat_map(|stage| {
        let name = stage.from.name.as_ref().map(|name| name.text.as_str());
        stage.statements.iter().filter_map(move |statement| match &statement.instruction {
            Instruction::Copy { is_add: false, flags, .. }
                if name.is_some() && copied_from(flags) == name =>
            {
                Some(statement.span)
            }
            _ => None,
        })
    });
    at_spans(&file.dockerfile.source, own, || report.error("COPY --from names its own stage"))
}
