//! Places as editors count them: lines from zero, and in a line UTF-16 units, or bytes if both sides like.

use plimsoll_model::Span;
use serde_json::{Value, json};

/// What columns count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// What every client can.
    Utf16,
}

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From zero.
    pub line: usize,
    /// From zero, in units of the [`Encoding`].
    pub character: usize,
}

/// From one place up to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub start: Position,
    /// The second.
    pub end: Position,
}

impl Position {
    /// Read one. A number too large for this machine is as good as the largest: both lie behind the text.
    pub fn from_json(value: &Value) -> Option<Self> {
        let number = |name: &str| Some(usize::try_from(value.get(name)?.as_u64()?).unwrap_or(usize::MAX));
        Some(Position { line: number("line")?, character: number("character")? })
    }

    fn to_json(self) -> Value {
        json!({ "line": self.line, "character": self.character })
    }
}

impl Range {
    /// Read one.
    pub fn from_json(value: &Value) -> Option<Self> {
        let position = |name: &str| Position::from_json(value.get(name)?);
        Some(Range { start: position("start")?, end: position("end")? })
    }

    /// Write it.
    pub fn to_json(self) -> Value {
        json!({ "start": self.start.to_json(), "end": self.end.to_json() })
    }
}

/// A text cut into lines, which end as the protocol says: `\n`, `\r\n`, or `\r`.
pub struct Lines<'t> {
    text: &'t str,
    encoding: Encoding,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Cut a text.
    pub fn new(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |at: usize| match bytes[at] {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let ends = (0..bytes.len()).filter(|at| ends_line(*at)).map(|at| at + 1);
        Lines { text, encoding, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The place of a byte; behind the text is its end, inside of a character its beginning.
    pub fn position(&self, offset: usize) -> Position {
        let offset = boundary(self.text, offset);
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let (start, end) = self.content(line);
        let before = &self.text[start..offset.min(end)];
        let character = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
        };
        Position { line, character }
    }

    /// The byte of a place; behind a line is its end, behind the text the text's.
    pub fn offset(&self, position: Position) -> usize {
        if position.line >= self.starts.len() {
            return self.text.len();
        }
        let (start, end) = self.content(position.line);
        let line = &self.text[start..end];
        start
            + match self.encoding {
                Encoding::Utf8 => boundary(line, position.character),
                Encoding::Utf16 => bytes_of_units(line, position.character),
            }
    }

    /// The places of a span.
    pub fn range(&self, span: Span) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// The span between two places, whichever comes first.
    pub fn span(&self, range: Range) -> Span {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        Span::new(start.min(end), start.max(end))
    }

    /// Where a line's text begins and ends.
    fn content(&self, line: usize) -> (usize, usize) {
        let start = self.starts[line];
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let text = &self.text[start..end];
        (start, start + text.trim_end_matches(['\r', '\n']).len())
    }
}

/// The last byte up to this one that begins a character, or the end.
fn boundary(text: &str, offset: usize) -> usize {
    let offset = offset.min(text.len());
    (0..=offset).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// How many bytes so many UTF-16 units are; half a character is none.
fn bytes_of_units(line: &str, units: usize) -> usize {
    let mut counted = 0;
    let fits = |(_, c): &(usize, char)| {
        counted += c.len_utf16();
        counted <= units
    };
    line.char_indices().take_while(fits).map(|(at, c)| at + c.len_utf8()).last().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Encoding; 2] = [Encoding::Utf8, Encoding::Utf16];

    fn at(line: usize, character: usize) -> Position {
        Position { line, character }
    }

    #[test]
    fn units_are_those_of_utf_16() {
        let lines = Lines::new("a\r\n𝒳ä\rb\n", Encoding::Utf16);
        for (offset, position) in [
            (0, at(0, 0)),
            (1, at(0, 1)),
            (2, at(0, 1)),
            (3, at(1, 0)),
            (7, at(1, 2)),
            (9, at(1, 3)),
            (10, at(2, 0)),
            (12, at(3, 0)),
            (99, at(3, 0)),
        ] {
            assert_eq!(lines.position(offset), position, "{offset}");
        }
        assert_eq!(lines.offset(at(1, 1)), 3, "half a character");
        assert_eq!(lines.offset(at(1, 99)), 9);
        assert_eq!(lines.offset(at(0, usize::MAX)), 1);
        assert_eq!(lines.offset(at(usize::MAX, 0)), 12);
        assert_eq!(Lines::new("𝒳ä", Encoding::Utf8).position(4), at(0, 4));
        assert_eq!(Lines::new("𝒳ä", Encoding::Utf8).offset(at(0, 2)), 0);
    }

    #[test]
    fn json_of_any_kind_is_read_or_not() {
        assert_eq!(
            Position::from_json(&json!({"line": u64::MAX, "character": 1})),
            Some(at(usize::try_from(u64::MAX).unwrap_or(usize::MAX), 1))
        );
        for no in [
            json!(null),
            json!({}),
            json!({"line": -1, "character": 0}),
            json!({"line": 1.5, "character": 0}),
        ] {
            assert_eq!(Position::from_json(&no), None, "{no}");
        }
    }

    fn text() -> impl Strategy<Value = String> {
        let parts =
            prop::sample::select(vec!["a", "\n", "\r", "\r\n", "ä", "語", "𝒳", "\u{feff}", "\u{2028}"]);
        prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn there_and_back(text in text()) {
            for encoding in BOTH {
                let lines = Lines::new(&text, encoding);
                for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                    let back = lines.offset(lines.position(offset));
                    // Between \r and \n is no place: the line ends before both.
                    let inside = offset > 0 && text[..offset].ends_with('\r') && text[offset..].starts_with('\n');
                    prop_assert_eq!(back, if inside { offset - 1 } else { offset });
                }
            }
        }

        #[test]
        fn units_count_as_an_editor_counts(text in text()) {
            let lines = Lines::new(&text, Encoding::Utf16);
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            for (number, line) in plain.split('\n').enumerate() {
                for (offset, _) in line.char_indices().chain([(line.len(), ' ')]) {
                    let units = line[..offset].encode_utf16().count();
                    prop_assert_eq!(lines.position(lines.offset(at(number, units))), at(number, units));
                }
            }
        }

        #[test]
        fn any_place_is_one_of_the_text(text in text(), line in 0usize..50, character in 0usize..50) {
            for encoding in BOTH {
                let lines = Lines::new(&text, encoding);
                let offset = lines.offset(at(line, character));
                prop_assert!(text.is_char_boundary(offset));
                prop_assert_eq!(lines.offset(lines.position(offset)), offset);
            }
        }
    }
}
