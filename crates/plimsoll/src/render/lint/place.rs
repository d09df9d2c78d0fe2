//! Places of findings as other programs count them.

use plimsoll_model::{Diagnostic, Source, Span};

/// A range of lines and columns, from one, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

/// A span as lines and columns.
pub fn region(source: &Source, span: Span) -> Region {
    let (line, column) = source.line_col(span.start);
    let (end_line, end_column) = source.line_col(span.end);
    Region { line, column, end_line, end_column }
}

/// The main place of a finding: the file and where in it.
pub fn place(found: &Diagnostic) -> Option<(&Source, Region)> {
    let label = found.place()?;
    Some((&label.source, region(&label.source, label.span)))
}

/// The line a finding is in; the first one of a finding about the whole file.
pub fn line(found: &Diagnostic) -> usize {
    place(found).map_or(1, |(_, region)| region.line)
}

/// The file a finding is in: mostly the Dockerfile, sometimes a script it starts.
pub fn file<'a>(found: &'a Diagnostic, dockerfile: &'a str) -> &'a str {
    place(found).map_or(dockerfile, |(source, _)| source.name())
}
