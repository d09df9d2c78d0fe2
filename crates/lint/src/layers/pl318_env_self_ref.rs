//! # PL318 env-self-ref
//!
//! `ENV A=1 B=$A`: all values of one ENV are expanded with what was set before the line, so B is empty
//! (or holds an older A).
//!
//! Write two instructions.

use plimsoll_dockerfile::syntax::{Instruction, Pair, Statement};
use plimsoll_model::{Certainty, Diagnostic, Fix, Span};

use crate::edits;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let mut found = Vec::new();
    for (stage, statement) in file.staged() {
        let Instruction::Env(pairs) = &statement.instruction else { continue };
        let Some((setter, user)) = reference(pairs) else { continue };
        let name = &setter.name.text;
        if is_set_before(file, stage, statement, name) {
            continue;
        }
        let value = user.value.as_ref().map_or(user.name.span, |value| value.span);
        // The base may set it.
        let from_scratch = file.image(stage).is_none();
        let certainty = if from_scratch { Certainty::Certain } else { Certainty::Likely };
        let message = format!("${name} is empty here: the line that sets it is not done yet");
        let diagnostic = report.error(message).certainty(certainty).at(source, value, "expands to nothing");
        let diagnostic = diagnostic.context(source, setter.name.span, "set by the same ENV");
        found.push(diagnostic.fix(split(file, pairs, user)));
    }
    found
}

/// A pair and a later one of the same ENV that uses it.
fn reference(pairs: &[Pair]) -> Option<(&Pair, &Pair)> {
    pairs.iter().enumerate().find_map(|(at, setter)| {
        let uses =
            |pair: &&Pair| pair.value.as_ref().is_some_and(|value| names(&value.text, &setter.name.text));
        Some((setter, pairs[at + 1..].iter().find(uses)?))
    })
}

/// Whether a text expands a variable.
fn names(text: &str, name: &str) -> bool {
    if text.starts_with('\'') {
        return false;
    }
    text.match_indices('$').any(|(at, _)| {
        let rest = &text[at + 1..];
        let braced = rest.strip_prefix('{').and_then(|rest| rest.strip_prefix(name));
        let bare = rest.strip_prefix(name);
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        !text[..at].ends_with('\\')
            && (braced.is_some_and(|rest| rest.starts_with(['}', ':'])) || bare.is_some_and(ends))
    })
}

fn is_set_before(file: &File<'_>, stage: usize, statement: &Statement, name: &str) -> bool {
    let mut declared =
        file.staged().filter(|(at, other)| *at == stage && other.span.start < statement.span.start);
    let here = declared.any(|(_, other)| match &other.instruction {
        Instruction::Env(pairs) | Instruction::Arg(pairs) => pairs.iter().any(|pair| pair.name.text == name),
        _ => false,
    });
    // Every image has a PATH; stages inherit what they are built on sets.
    let inherited = matches!(name, "PATH" | "HOME")
        || plimsoll_dockerfile::stages::find_stage(
            file.dockerfile,
            &file.dockerfile.stages[stage].from.image.text,
            stage,
        )
        .is_some();
    here || inherited
}

/// A second ENV from the pair on that uses the first.
fn split(file: &File<'_>, pairs: &[Pair], user: &Pair) -> Fix {
    let source = &file.dockerfile.source;
    let before = pairs.iter().take_while(|pair| pair.name.span.start < user.name.span.start).last();
    let end = before.map_or(user.name.span.start, |pair| pair.value.as_ref().unwrap_or(&pair.name).span.end);
    let between = Span::new(end, user.name.span.start);
    edits::replace(source, between, "\nENV ", "a second ENV sees the first", false)
}
