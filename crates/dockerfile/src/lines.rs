//! Physical lines, and the logical lines they are joined to: continuations, comments and empty
//! lines inside them (BuildKit `parser/parser.go`; docs/reference.md "Format").

use plimsoll_model::{Source, Span};

/// A line of the file: its content without the line end, and where the next one begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhysicalLine {
    pub span: Span,
    pub next: usize,
}

/// One instruction's text after joining its physical lines.
#[derive(Debug)]
pub(crate) struct LogicalLine {
    text: String,
    /// Where pieces of `text` come from: offset in `text`, offset in the source; ascending.
    pieces: Vec<(usize, usize)>,
    /// From the first non-blank of the first line to the end of the last line.
    pub span: Span,
    /// Empty lines that were skipped inside the continuation.
    pub empty_lines: Vec<Span>,
}

impl LogicalLine {
    fn new(start: usize) -> Self {
        LogicalLine {
            text: String::new(),
            pieces: Vec::new(),
            span: Span::new(start, start),
            empty_lines: Vec::new(),
        }
    }

    fn push(&mut self, piece: &str, source_at: usize) {
        if !piece.is_empty() {
            self.pieces.push((self.text.len(), source_at));
            self.text.push_str(piece);
        }
    }

    /// The whole joined text.
    pub fn whole(&self) -> Fragment<'_> {
        Fragment { line: self, start: 0, end: self.text.len() }
    }

    fn source_offset(&self, at: usize) -> usize {
        let index = self.pieces.partition_point(|&(text_at, _)| text_at <= at);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some((text_at, source_at)) => source_at + (at - text_at),
            None => self.span.start,
        }
    }
}

/// A part of a logical line that knows its place in the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fragment<'a> {
    line: &'a LogicalLine,
    start: usize,
    end: usize,
}

impl<'a> Fragment<'a> {
    /// The characters.
    pub fn as_str(self) -> &'a str {
        self.line.text.get(self.start..self.end).unwrap_or("")
    }

    /// Where they stand.
    pub fn span(self) -> Span {
        let start = self.line.source_offset(self.start);
        match self.as_str().chars().next_back() {
            Some(last) => {
                let width = last.len_utf8();
                Span::new(start, self.line.source_offset(self.end - width) + width)
            }
            None => Span::new(start, start),
        }
    }

    /// Both, as the syntax tree holds them.
    pub fn text(self) -> crate::syntax::Text {
        crate::syntax::Text { text: self.as_str().to_string(), span: self.span() }
    }

    /// The part between two offsets of this fragment.
    pub fn part(self, start: usize, end: usize) -> Fragment<'a> {
        let start = (self.start + start).min(self.end);
        Fragment { start, end: (self.start + end).clamp(start, self.end), ..self }
    }

    /// The part from an offset of this fragment to its end.
    pub fn from(self, start: usize) -> Fragment<'a> {
        self.part(start, self.len())
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// No characters.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Without blanks at both ends.
    pub fn trim(self) -> Fragment<'a> {
        let text = self.as_str();
        let start = text.len() - text.trim_start().len();
        self.part(start, start + text.trim().len())
    }

    /// The first word and what follows it, split where the builder splits ([`is_blank`]).
    pub fn split_word(self) -> (Fragment<'a>, Fragment<'a>) {
        let text = self.as_str();
        let end = text.find(is_blank).unwrap_or(text.len());
        let rest = text[end..].trim_start_matches(is_blank);
        (self.part(0, end), self.from(text.len() - rest.len()))
    }

    /// All words.
    pub fn words(self) -> Vec<Fragment<'a>> {
        let mut words = Vec::new();
        let mut rest = self;
        while !rest.is_empty() {
            let (word, after) = rest.split_word();
            if !word.is_empty() {
                words.push(word);
            }
            rest = after;
        }
        words
    }
}

/// The blanks that separate words in BuildKit: not every Unicode blank.
pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0b' | '\x0c' | '\r')
}

/// Reads a file line by line.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    at: usize,
    /// The character that continues lines.
    pub escape: char,
    /// Comment lines seen so far.
    pub comments: Vec<Span>,
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'a> Lines<'a> {
    /// Start after a byte order mark, if there is one.
    pub fn new(source: &'a Source) -> Self {
        let text = source.text();
        let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        Lines { text, at, escape: '\\', comments: Vec::new() }
    }

    /// The next physical line without moving on.
    pub fn peek(&self) -> Option<PhysicalLine> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (content, length) = match rest.find('\n') {
            Some(end) => (&rest[..end], end + 1),
            None => (rest, rest.len()),
        };
        let content = content.trim_end_matches('\r');
        Some(PhysicalLine { span: Span::new(self.at, self.at + content.len()), next: self.at + length })
    }

    /// The next physical line.
    pub fn next_physical(&mut self) -> Option<PhysicalLine> {
        let line = self.peek()?;
        self.at = line.next;
        Some(line)
    }

    /// The characters of a line without its end.
    pub fn content(&self, line: PhysicalLine) -> &'a str {
        &self.text[line.span.start..line.span.end]
    }

    /// The characters of a line with its end.
    pub fn with_line_end(&self, line: PhysicalLine) -> &'a str {
        &self.text[line.span.start..line.next]
    }

    /// The next logical line; comments and empty lines before it are skipped.
    pub fn next_logical(&mut self) -> Option<LogicalLine> {
        loop {
            let first = self.next_physical()?;
            let content = self.content(first);
            let trimmed = content.trim_start();
            if trimmed.starts_with('#') {
                self.comments.push(first.span);
                continue;
            }
            if !trimmed.is_empty() {
                return Some(self.join(first, first.span.end - trimmed.len()));
            }
        }
    }

    fn join(&mut self, first: PhysicalLine, start: usize) -> LogicalLine {
        let mut line = LogicalLine::new(start);
        line.span.end = first.span.end;
        let mut continues = self.append(&mut line, Span::new(start, first.span.end));
        while continues {
            let Some(next) = self.next_physical() else { break };
            line.span.end = next.span.end;
            let trimmed = self.content(next).trim_start();
            if trimmed.starts_with('#') {
                self.comments.push(next.span);
            } else if trimmed.is_empty() {
                line.empty_lines.push(next.span);
            } else {
                continues = self.append(&mut line, next.span);
            }
        }
        line
    }

    /// Add a physical line to a logical one; true if it goes on in the next.
    fn append(&self, line: &mut LogicalLine, span: Span) -> bool {
        let content = &self.text[span.start..span.end];
        match continued(content, self.escape) {
            Some(kept) => {
                line.push(kept, span.start);
                true
            }
            None => {
                line.push(content, span.start);
                false
            }
        }
    }
}

/// The line without its continuation character, if it ends in one that is not itself escaped.
pub(crate) fn continued(content: &str, escape: char) -> Option<&str> {
    let kept = content.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!kept.ends_with(escape)).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logical(text: &str) -> Vec<(String, Span)> {
        let source = Source::new("Dockerfile", text);
        let mut lines = Lines::new(&source);
        std::iter::from_fn(|| lines.next_logical()).map(|l| (l.text.clone(), l.span)).collect()
    }

    #[test]
    fn continuations_skip_comments_and_empty_lines() {
        let text = "RUN a \\\n  # no\n\n  b\nCMD c";
        assert_eq!(
            logical(text),
            [("RUN a   b".to_string(), Span::new(0, 19)), ("CMD c".to_string(), Span::new(20, 25))]
        );
    }

    #[test]
    fn an_escaped_continuation_character_is_none() {
        assert_eq!(continued("a \\", '\\'), Some("a "));
        assert_eq!(continued("a \\ \t", '\\'), Some("a "));
        assert_eq!(continued("\\", '\\'), Some(""));
        assert_eq!(continued("a \\\\", '\\'), None);
        assert_eq!(continued("a \\", '`'), None);
        assert_eq!(continued("a `", '`'), Some("a "));
    }

    #[test]
    fn crlf_bom_and_missing_line_end() {
        assert_eq!(
            logical("\u{feff}FROM a\r\nRUN b \\\r\n c\r\n# x\r\nCMD d \\"),
            [
                ("FROM a".to_string(), Span::new(3, 9)),
                ("RUN b  c".to_string(), Span::new(11, 22)),
                ("CMD d ".to_string(), Span::new(29, 36)),
            ]
        );
    }

    #[test]
    fn fragments_know_their_place() {
        let source = Source::new("Dockerfile", "RUN aé \\\n  bc d");
        let line = Lines::new(&source).next_logical().unwrap();
        let words = line.whole().words();
        assert_eq!(words.iter().map(|w| w.as_str()).collect::<Vec<_>>(), ["RUN", "aé", "bc", "d"]);
        for word in words {
            assert_eq!(source.slice(word.span()), word.as_str());
        }
        let across = line.whole().part(4, line.whole().len() - 2);
        assert_eq!(source.slice(across.span()), "aé \\\n  bc");
    }
}
