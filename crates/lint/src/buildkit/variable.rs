//! The use of a variable in a text: `$NAME` or `${NAME...}`.

use plimsoll_model::{Edit, Fix, Span};

use super::Walk;

/// Write `meant` wherever the text at `place` uses `name`, if that is not sure to be what was wanted.
pub(crate) fn rename(walk: &Walk<'_>, place: Span, name: &str, meant: &str) -> Option<Fix> {
    let text = walk.source().slice(place);
    let uses = text.match_indices(name).filter(|(at, _)| {
        let (before, after) = (&text[..*at], &text[at + name.len()..]);
        let opened = before.ends_with('$') || before.ends_with("${");
        opened && !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    });
    let edit = |(at, _): (usize, &str)| {
        let start = place.start + at;
        Edit { span: Span::new(start, start + name.len()), replacement: meant.to_string() }
    };
    let edits: Vec<Edit> = uses.map(edit).collect();
    (!edits.is_empty()).then(|| walk.fix(format!("write ${meant}"), edits, false))
}
