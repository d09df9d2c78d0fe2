//! The edits that rules propose.

use plimsoll_dockerfile::syntax::Statement;
use plimsoll_model::{Edit, Fix, Source, Span};

/// Put a text somewhere.
pub(crate) fn insert(source: &Source, at: usize, text: impl Into<String>, title: &str, safe: bool) -> Fix {
    replace(source, Span::new(at, at), text, title, safe)
}

/// Put a text in the place of another.
pub(crate) fn replace(source: &Source, span: Span, text: impl Into<String>, title: &str, safe: bool) -> Fix {
    let edits = vec![Edit { span, replacement: text.into() }];
    Fix { title: title.to_string(), source: source.clone(), edits, safe }
}

/// A span that begins a line, with the blanks before it and its final newline.
pub(crate) fn whole_lines(source: &Source, span: Span) -> Span {
    let start = span.start - indentation(source, span.start).len();
    let rest = source.text().get(span.end..).unwrap_or("");
    let end = rest.find('\n').map_or(source.text().len(), |at| span.end + at + 1);
    Span::new(start, end)
}

/// The blanks before a place.
pub(crate) fn indentation(source: &Source, at: usize) -> &str {
    let before = source.text().get(..at).unwrap_or("");
    &before[before.trim_end_matches([' ', '\t']).len()..]
}

/// Put a flag behind the instruction word.
pub(crate) fn insert_flag(
    source: &Source,
    statement: &Statement,
    flag: &str,
    title: &str,
    safe: bool,
) -> Fix {
    insert(source, statement.keyword.span.end, format!(" {flag}"), title, safe)
}
