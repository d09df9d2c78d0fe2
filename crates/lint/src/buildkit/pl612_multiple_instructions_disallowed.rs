//! # PL612 MultipleInstructionsDisallowed
//!
//! Of several CMD, ENTRYPOINT or HEALTHCHECK instructions in one stage only the last one counts.
//!
//! PL117 says the same and is on, so this check is off.
//!
//! Remove the earlier ones.

use std::collections::BTreeMap;

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit};

use super::{Step, Walk};
use crate::edits::whole_lines;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut latest: BTreeMap<(usize, &str), &Step<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for (step, _) in walk.done() {
        let word = match &step.statement.instruction {
            Instruction::Cmd(_) => "CMD",
            Instruction::Entrypoint(_) => "ENTRYPOINT",
            Instruction::Healthcheck { .. } | Instruction::HealthcheckNone => "HEALTHCHECK",
            _ => continue,
        };
        let Some(earlier) = latest.insert((step.stage, word), step) else { continue };
        let one = report.warning(format!("this {word} has no effect: only the last one of a stage counts"));
        let mut one = earlier.point(walk, one, earlier.statement.keyword.span, "no effect");
        one = one.context(walk.source(), walk.first_line(step.place), "a later one");
        if !earlier.is_trigger {
            let span = whole_lines(walk.source(), earlier.statement.span);
            one.fix = Some(walk.fix("remove it", vec![Edit { span, replacement: String::new() }], true));
        }
        found.push(one);
    }
    found
}
