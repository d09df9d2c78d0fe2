//! # PL609 UndefinedArgInFrom
//!
//! FROM uses a variable that no ARG above the first FROM declares and that the builder does not set. It is
//! empty.
//!
//! Declare it above the first FROM: `ARG NAME=default`. An ARG inside of a stage does not count here.

use std::collections::BTreeSet;

use plimsoll_dockerfile::syntax::{Instruction, Text};
use plimsoll_model::Diagnostic;
use plimsoll_model::user::nearest;

use super::Walk;
use super::from_line::Expansion;
use super::variable::rename;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(scope) = &walk.scope else { return Vec::new() };
    let declared = declared(walk);
    let mut found = Vec::new();
    for line in &walk.from_lines {
        let stage = &walk.dockerfile.stages[line.stage];
        let image = std::iter::once((&stage.from.image, &line.image));
        let texts: Vec<(&Text, &Expansion)> =
            image.chain(stage.from.platform.as_ref().zip(line.platform.as_ref())).collect();
        for (text, expansion) in texts {
            for name in expansion.unknown.iter().filter(|name| !declared.contains(name.as_str())) {
                let one = report.warning(format!("nothing declares ${name}: it is empty in this FROM"));
                let mut one = walk.point(one, stage.span, text.span, "");
                let known = declared.iter().map(|name| name.to_string());
                let known = known.chain(scope.global_names().map(str::to_string));
                if let Some(meant) = nearest(name, known) {
                    one.notes.push(format!("did you mean ${meant}?"));
                    one.fix = rename(walk, text.span, name, &meant);
                }
                found.push(one);
            }
        }
    }
    found
}

/// ARGs above the first FROM, also those without a value.
fn declared<'a>(walk: &Walk<'a>) -> BTreeSet<&'a str> {
    let statements = walk.dockerfile.global_args.iter();
    let pairs = statements.filter_map(|statement| match &statement.instruction {
        Instruction::Arg(pairs) => Some(pairs),
        _ => None,
    });
    pairs.flatten().map(|pair| pair.name.text.as_str()).collect()
}
