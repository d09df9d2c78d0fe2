//! Why a template cannot be read or rendered: one sentence with a place.

use plimsoll_model::user::nearest;

/// A mistake in a template, or between a template and the value it is rendered over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the template is wrong at {line}:{column}: {why}")]
pub struct TemplateError {
    /// Line of the template, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong there, with the nearest right word where there is one.
    pub why: String,
}

/// A mistake at a byte of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub at: usize,
    pub why: String,
}

impl Mistake {
    pub fn new(at: usize, why: impl Into<String>) -> Self {
        Mistake { at, why: why.into() }
    }

    /// The same in the words for people.
    pub fn in_source(self, source: &str) -> TemplateError {
        let before = source.get(..self.at).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        TemplateError {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            why: self.why,
        }
    }
}

/// `why`, and the nearest of the words that would have been right.
pub(crate) fn proposing<'a>(why: String, word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<String> = known.map(str::to_string).collect();
    let other_case = known.iter().find(|known| known.eq_ignore_ascii_case(word)).cloned();
    match other_case.or_else(|| nearest(word, known.iter())) {
        Some(known) => format!("{why}; did you mean '{known}'?"),
        None => why,
    }
}
