//! # PL619 InvalidDefinitionDescription
//!
//! The comment directly above a FROM with a name or above an ARG is shown as its description by
//! `docker build --call=outline`, if it begins with that name. This one begins with another word.
//!
//! BuildKit runs this check only when asked for (`# check=experimental=InvalidDefinitionDescription`), so
//! it is off.
//!
//! Begin the comment with the name, or put an empty line below it.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Edit, Span};

use super::Walk;
use crate::check_directive::comment_above;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = definitions(walk).into_iter().filter_map(|(place, names)| {
        let comment = *comment_above(walk.dockerfile, place).last()?;
        let text = walk.source().slice(comment).trim_start().trim_start_matches('#').trim();
        let word = text.split(' ').next().unwrap_or("");
        if names.iter().any(|name| name == word) {
            return None;
        }
        let found = report.info(format!("the comment above does not begin with '{}'", names.first()?));
        let found = found.at(walk.source(), walk.first_line(place), "").context(
            walk.source(),
            comment,
            "no description",
        );
        let edits = vec![Edit { span: Span::new(place.start, place.start), replacement: "\n".to_string() }];
        Some(found.fix(walk.fix("put an empty line between", edits, true)))
    });
    found.collect()
}

/// What can have a description: stages with a name and ARGs, with their names.
fn definitions(walk: &Walk<'_>) -> Vec<(Span, Vec<String>)> {
    let stages = walk
        .stages()
        .filter_map(|stage| Some((stage.span, vec![stage.from.name.as_ref()?.text.to_lowercase()])));
    let args = walk.statements().filter_map(|statement| match &statement.instruction {
        Instruction::Arg(pairs) => {
            Some((statement.span, pairs.iter().map(|pair| pair.name.text.clone()).collect()))
        }
        _ => None,
    });
    stages.chain(args).collect()
}
