//! # PL118 launch-in-other-stage
//!
//! ENTRYPOINT or CMD stands in a stage that is only copied from. COPY takes files, not configuration:
//! the image that is shipped does not know how to start.
//!
//! Write it in the last stage.
//!
//! Nothing is said about stages that the target does not copy from: they may be targets themselves.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Because, Diagnostic};

use crate::rule::Report;
use crate::subject::{Part, Subject};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some((dockerfile, prediction)) = subject.written else { return Vec::new() };
    let own = [Part::Entrypoint, Part::Cmd]
        .into_iter()
        .any(|part| matches!(subject.part(part).because, Because::Written { .. }));
    if own {
        return Vec::new();
    }
    let copied: Vec<usize> = subject.steps().iter().filter_map(|step| step.from_stage).collect();
    let elsewhere = copied.into_iter().filter_map(|at| dockerfile.stages.get(at)).find_map(|stage| {
        stage.statements.iter().rev().find(|statement| {
            matches!(statement.instruction, Instruction::Entrypoint(_) | Instruction::Cmd(_))
        })
    });
    let Some(statement) = elsewhere else { return Vec::new() };
    let word = statement.keyword.text.to_ascii_uppercase();
    let found = report.warning(format!("this {word} is not in the stage that is shipped"));
    let found = found.at(&dockerfile.source, statement.span, "stays behind: COPY takes files only");
    let target = dockerfile.stages.get(prediction.target).map(|stage| stage.span);
    vec![match target {
        Some(span) => found.context(&dockerfile.source, span, "becomes the image"),
        None => found,
    }]
}
