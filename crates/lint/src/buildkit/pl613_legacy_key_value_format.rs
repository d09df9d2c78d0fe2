//! # PL613 LegacyKeyValueFormat
//!
//! `ENV name value` is the old form: everything behind the first blank is the value, and a second variable
//! in the same line becomes part of it.
//!
//! Write `ENV name=value`.
//!
//! Off unless asked for: one name and one value mean the same in both forms, so this is style, and the old form
//! stands in every second file that is otherwise kept with care.

use plimsoll_contract::stage::escape_of;
use plimsoll_dockerfile::syntax::{Instruction, Pair};
use plimsoll_model::{Diagnostic, Edit, Fix, Span};

use super::Walk;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (step, _) in walk.done() {
        let (word, pairs) = match &step.statement.instruction {
            Instruction::Env(pairs) => ("ENV", pairs),
            Instruction::Label(pairs) => ("LABEL", pairs),
            _ => continue,
        };
        for pair in pairs.iter().filter(|pair| pair.legacy) {
            let one = report.info(format!("the old form '{word} name value'"));
            let mut one = step.point(walk, one, pair.name.span, "'=' is missing behind it");
            if !step.is_trigger {
                one.fix = with_equals(walk, word, pair);
            }
            found.push(one);
        }
    }
    found
}

/// `name=value`, the value in quotes if it holds blanks; nothing if that could change the value.
fn with_equals(walk: &Walk<'_>, word: &str, pair: &Pair) -> Option<Fix> {
    let value = pair.value.as_ref()?;
    let escape = escape_of(walk.dockerfile);
    let quoted = !is_one_word(&value.text, escape);
    if quoted && value.text.contains(['"', '\'', escape]) {
        return None;
    }
    let between = Span::new(pair.name.span.end, value.span.start);
    // A comment may stand between continued lines.
    if walk.source().slice(between).contains('#') {
        return None;
    }
    let quote = if quoted { "\"" } else { "" };
    let mut edits = vec![Edit { span: between, replacement: format!("={quote}") }];
    if quoted {
        let end = Span::new(value.span.end, value.span.end);
        edits.push(Edit { span: end, replacement: quote.to_string() });
    }
    Some(walk.fix(format!("write {word} {}=...", pair.name.text), edits, true))
}

/// Whether a text has no blank outside of quotes, and quotes that are closed.
fn is_one_word(text: &str, escape: char) -> bool {
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == escape && quote != Some('\'') {
            if chars.next().is_none_or(char::is_whitespace) {
                return false;
            }
            continue;
        }
        match quote {
            None if c.is_whitespace() => return false,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
    }
    quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::is_one_word;

    #[test]
    fn words() {
        for one in ["", "a", "$A:/b", "\"a b\"c", "'a \\'", "a\\$b", "${A:-b}"] {
            assert!(is_one_word(one, '\\'), "{one}");
        }
        for more in ["a b", "\"a\" b", "\"a", "a\\ b", "a\\", "${A:-b c}"] {
            assert!(!is_one_word(more, '\\'), "{more}");
        }
    }
}
