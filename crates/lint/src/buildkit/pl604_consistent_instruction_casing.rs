//! # PL604 ConsistentInstructionCasing
//!
//! Most instruction words of the file are written in one case; this one is not.
//!
//! Write all in upper case, as the documentation does.

use plimsoll_model::{Diagnostic, Edit, Span};

use super::Walk;
use super::casing::Casing;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    if !walk.is_read {
        return Vec::new();
    }
    let words = keywords(walk);
    let count = |wanted| words.iter().filter(|keyword| Casing::of(keyword.text) == Some(wanted)).count();
    let usual = if count(Casing::Lower) > count(Casing::Upper) { Casing::Lower } else { Casing::Upper };
    let others = words.iter().filter(|keyword| usual.apply(keyword.text) != keyword.text);
    let found = others.map(|Keyword { instruction, text, span, as_word }| {
        let found = report.info(format!("'{text}' is not in {} as most instructions here", usual.name()));
        let edit = |span: Span| {
            let word = walk.source().slice(span);
            let replacement = usual.apply(word);
            (replacement != word).then_some(Edit { span, replacement })
        };
        // AS goes with its FROM.
        let edits = std::iter::once(*span).chain(*as_word).filter_map(edit).collect();
        let found = walk.point(found, *instruction, *span, usual.name());
        found.fix(walk.fix(format!("write {}", usual.apply(text)), edits, true))
    });
    found.collect()
}

/// The word an instruction begins with.
struct Keyword<'a> {
    instruction: Span,
    text: &'a str,
    span: Span,
    as_word: Option<Span>,
}

/// The words of all instructions of the stages.
fn keywords<'a>(walk: &Walk<'a>) -> Vec<Keyword<'a>> {
    let source = walk.source();
    let stages = walk.dockerfile.stages.iter();
    let words = stages.flat_map(|stage| {
        let text = source.slice(stage.span).split_whitespace().next().unwrap_or("");
        let from = Keyword {
            instruction: stage.span,
            text,
            span: Span::new(stage.span.start, stage.span.start + text.len()),
            as_word: stage.from.name.as_ref().and_then(|_| Some(stage.from.words.get(1)?.span)),
        };
        let others = stage.statements.iter().map(|one| Keyword {
            instruction: one.span,
            text: &one.keyword.text,
            span: one.keyword.span,
            as_word: None,
        });
        std::iter::once(from).chain(others)
    });
    words.collect()
}
