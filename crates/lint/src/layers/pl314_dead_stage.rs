//! # PL314 dead-stage
//!
//! Nothing the target needs comes from this stage, neither by FROM nor by `--from`, so it is not built.
//! Either something forgets to copy from it, or it is left over.
//!
//! Nothing is said of stages that look like targets of their own: those with CMD or ENTRYPOINT, and
//! named ones that nothing refers to, which `--target` may ask for.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(prediction) = file.prediction else { return Vec::new() };
    let source = &file.dockerfile.source;
    let stages = file.dockerfile.stages.iter().enumerate();
    let found = stages.filter_map(|(index, stage)| {
        let launches = stage.statements.iter().any(|statement| {
            matches!(statement.instruction, Instruction::Cmd(_) | Instruction::Entrypoint(_))
        });
        let is_built = prediction.stage(index).is_some();
        if is_built || launches || stage.from.name.is_some() || index >= prediction.target {
            return None;
        }
        let message = format!("stage {index} is never built: nothing comes from it and it has no name");
        Some(report.info(message).at(source, stage.span, "nothing refers to this stage"))
    });
    found.collect()
}
