//! Everything a person wrote is a [`Source`]; every message points into one with a [`Span`].

use std::sync::Arc;

/// A text a person wrote: a Dockerfile, a script, a manifest. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

/// A half-open range of bytes inside one [`Source`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range from `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Span { start, end }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span::new(self.start.min(other.start), self.end.max(other.end))
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

impl Source {
    /// A source named `name` (as the person would write the path) with its text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Source(Arc::new(Inner { name: name.into(), text, line_starts }))
    }

    /// The name messages show.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The text of a span; empty if the span does not lie on character boundaries inside the source.
    pub fn slice(&self, span: Span) -> &str {
        self.0.text.get(span.start..span.end).unwrap_or("")
    }

    /// Number of lines; a text that ends in a newline has no extra empty line.
    pub fn line_count(&self) -> usize {
        let starts = self.0.line_starts.len();
        if self.0.text.ends_with('\n') { starts - 1 } else { starts }
    }

    /// One-based line of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.0.line_starts.partition_point(|&start| start <= offset).max(1)
    }

    /// One-based line and column (in characters) of a byte offset.
    pub fn line_col(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.0.line_starts[line - 1];
        let upto = self.0.text.get(start..offset).unwrap_or("");
        (line, upto.chars().count() + 1)
    }

    /// The span of a one-based line without its line end; `None` past the last line.
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let start = *self.0.line_starts.get(line.checked_sub(1)?)?;
        let end = self.0.line_starts.get(line).map_or(self.0.text.len(), |next| next - 1);
        let trimmed = self.0.text[start..end].trim_end_matches('\r').len();
        Some(Span::new(start, start + trimmed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_and_in_characters() {
        let source = Source::new("f", "ab\r\nçd\n");
        assert_eq!(source.line_col(0), (1, 1));
        assert_eq!(source.line_col(6), (2, 2));
        assert_eq!(source.line_count(), 2);
        assert_eq!(source.slice(source.line_span(1).unwrap()), "ab");
        assert_eq!(source.slice(source.line_span(2).unwrap()), "çd");
        assert_eq!(source.line_span(4), None);
    }

    #[test]
    fn an_empty_text_has_one_line() {
        let source = Source::new("f", "");
        assert_eq!(source.line_count(), 1);
        assert_eq!(source.line_col(0), (1, 1));
    }
}
