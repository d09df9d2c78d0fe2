//! # PL603 NoEmptyContinuation
//!
//! An empty line stands inside a continued instruction. The builder skips it today and announces to end
//! the instruction there some day.
//!
//! ```Dockerfile
//! RUN apt-get update && \
//!
//!     apt-get install -y curl
//! ```
//!
//! Remove the line, or begin it with `#`.

use plimsoll_contract::stage::escape_of;
use plimsoll_dockerfile::syntax::Dockerfile;
use plimsoll_model::{Diagnostic, Edit, Source, Span};

use super::Walk;
use crate::edits::whole_lines;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    // The last line of each instruction, and the empty lines above it.
    let mut found: Vec<(Span, Vec<Span>)> = Vec::new();
    for empty in &walk.empty_lines {
        match found.last_mut() {
            Some((last, lines)) if empty.start < last.start => lines.push(*empty),
            _ => found.push((last_line(walk.dockerfile, *empty), vec![*empty])),
        }
    }
    let source = walk.source();
    let report_one = |(last, lines): (Span, Vec<Span>)| {
        let found =
            report.warning("an empty line inside a continued instruction").at(source, last, "goes on here");
        let found = lines.iter().fold(found, |found, line| found.context(source, *line, "empty"));
        let remove = |line: &Span| Edit { span: whole_lines(source, *line), replacement: String::new() };
        found.fix(walk.fix("remove it", lines.iter().map(remove).collect(), true))
    };
    found.into_iter().map(report_one).collect()
}

/// The line in which the instruction around an empty line ends: where BuildKit reports it.
fn last_line(dockerfile: &Dockerfile, empty: Span) -> Span {
    let source: &Source = &dockerfile.source;
    let escape = escape_of(dockerfile);
    let mut last = empty;
    for line in source.line(empty.start)..=source.line_count() {
        let Some(span) = source.line_span(line) else { break };
        let text = source.slice(span);
        let skipped = text.trim().is_empty() || text.trim_start().starts_with('#');
        last = span;
        let rest = text.trim_end_matches([' ', '\t']).strip_suffix(escape);
        let continues = rest.is_some_and(|rest| !rest.ends_with(escape));
        if !skipped && !continues {
            break;
        }
    }
    last
}
