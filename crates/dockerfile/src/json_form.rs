//! The JSON form of instructions: an array of strings, or exactly why it is none.
//!
//! The builder first asks whether the whole text is valid JSON. If not, the text silently is shell
//! form (BuildKit `parser/line_parsers.go` parseMaybeJSON); if it is valid but holds something other
//! than strings, the file is refused.

use std::ops::Range;

/// What a text after an instruction word is, with offsets into that text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonForm {
    /// An array of strings, unescaped.
    Strings(Vec<(String, Range<usize>)>),
    /// Valid JSON with something else in it.
    NotStrings(Range<usize>),
    /// Starts with `[` and is no JSON.
    Broken(Range<usize>, &'static str),
    /// Does not start with `[`.
    Other,
}

/// Nesting deeper than this is not looked into.
const DEPTH_LIMIT: usize = 64;

/// Read a text that may be a JSON array.
pub(crate) fn read(text: &str) -> JsonForm {
    let mut scan = Scan { text, at: 0, other: None };
    scan.skip_blanks();
    if scan.peek() != Some('[') {
        return JsonForm::Other;
    }
    match scan.document() {
        Ok(strings) => match scan.other {
            Some(place) => JsonForm::NotStrings(place),
            None => JsonForm::Strings(strings),
        },
        Err((place, why)) => JsonForm::Broken(place, why),
    }
}

/// Whether a text that starts with `[` is the shell's test command rather than a failed list:
/// `[ -f x ]`, `[ "$a" = b ]`, `[[ ...`.
pub(crate) fn is_test_command(text: &str) -> bool {
    let Some(inside) = text.strip_prefix("[[").or(text.strip_prefix('[')) else { return false };
    if !inside.starts_with([' ', '\t']) {
        return false;
    }
    let inside = inside.trim_start();
    match inside.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let after = inside[1..].find(quote).map_or("", |end| inside[end + 2..].trim_start());
            !after.is_empty() && !after.starts_with([',', ']', quote])
        }
        Some(']') | None => false,
        Some(_) => !inside.contains(','),
    }
}

/// Whether words that start with `[` were meant as a list rather than as a pattern (`[a-z]*`).
pub(crate) fn is_meant_as_list(text: &str) -> bool {
    let inside = text.strip_prefix('[').unwrap_or(text).trim_start();
    inside.starts_with(['"', '\'', '\u{201c}', '\u{2018}']) || text.trim_end().ends_with(']')
}

type Wrong = (Range<usize>, &'static str);

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The first value that is no string.
    other: Option<Range<usize>>,
}

impl Scan<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.at += 1;
        }
    }

    /// The character here, or the empty range at the end.
    fn here(&self) -> Range<usize> {
        self.at..self.at + self.peek().map_or(0, char::len_utf8)
    }

    /// The run of characters up to a blank or a separator.
    fn word(&self) -> Range<usize> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', ' ', '\t']).unwrap_or(rest.len());
        self.at..self.at + end.max(self.here().len())
    }

    fn document(&mut self) -> Result<Vec<(String, Range<usize>)>, Wrong> {
        self.at += 1;
        let mut strings = Vec::new();
        self.list(']', |scan| {
            let start = scan.at;
            match scan.value(0)? {
                Some(string) => strings.push((string, start..scan.at)),
                None => {
                    scan.other.get_or_insert(start..scan.at);
                }
            }
            Ok(())
        })?;
        self.skip_blanks();
        match self.at == self.text.len() {
            true => Ok(strings),
            false => Err((self.at..self.text.len(), "text after ]")),
        }
    }

    /// Elements separated by commas up to the closing character.
    fn list(
        &mut self,
        close: char,
        mut element: impl FnMut(&mut Self) -> Result<(), Wrong>,
    ) -> Result<(), Wrong> {
        self.skip_blanks();
        if self.eat(close) {
            return Ok(());
        }
        loop {
            self.skip_blanks();
            element(self)?;
            self.skip_blanks();
            if self.eat(close) {
                return Ok(());
            }
            let comma = self.here();
            if !self.eat(',') {
                return Err(self.missing_separator(close));
            }
            self.skip_blanks();
            if self.peek() == Some(close) {
                return Err((comma, "trailing comma"));
            }
        }
    }

    fn missing_separator(&self, close: char) -> Wrong {
        match self.peek() {
            None if close == ']' => (self.here(), "missing ]"),
            None => (self.here(), "missing }"),
            Some('\'') => (self.word(), "single quotes"),
            Some(_) => (self.word(), "missing comma"),
        }
    }

    /// Any JSON value; its text if it is a string.
    fn value(&mut self, depth: usize) -> Result<Option<String>, Wrong> {
        if depth > DEPTH_LIMIT {
            return Err((self.here(), "nested too deeply"));
        }
        match self.peek() {
            Some('"') => self.string().map(Some),
            Some('[') => {
                self.at += 1;
                self.list(']', |scan| scan.value(depth + 1).map(drop))?;
                Ok(None)
            }
            Some('{') => {
                self.at += 1;
                self.list('}', |scan| scan.member(depth))?;
                Ok(None)
            }
            Some('\'') => Err((self.word(), "single quotes")),
            Some('\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}') => Err((self.word(), "curly quotes")),
            Some('$') => Err((self.word(), "variable outside quotes")),
            Some(',') => Err((self.here(), "empty element")),
            None => Err((self.here(), "missing ]")),
            Some(_) => self.bare_word().map(|()| None),
        }
    }

    fn member(&mut self, depth: usize) -> Result<(), Wrong> {
        if self.peek() != Some('"') {
            return Err((self.word(), "word without quotes"));
        }
        self.string()?;
        self.skip_blanks();
        if !self.eat(':') {
            return Err((self.here(), "missing colon"));
        }
        self.skip_blanks();
        self.value(depth + 1).map(drop)
    }

    /// A number, `true`, `false` or `null`.
    fn bare_word(&mut self) -> Result<(), Wrong> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let word = &rest[..end];
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err((self.word(), "word without quotes"));
        }
        self.at += end;
        Ok(())
    }

    fn string(&mut self) -> Result<String, Wrong> {
        let open = self.here();
        self.at += 1;
        let mut string = String::new();
        loop {
            let here = self.here();
            match self.next() {
                None => return Err((open.start..self.at, "missing closing quote")),
                Some('"') => return Ok(string),
                Some('\\') => string.push(self.escaped(here.start)?),
                Some(c) if c < ' ' => return Err((here, "control character in a string")),
                Some(c) => string.push(c),
            }
        }
    }

    /// The character after a backslash that stands at `start`.
    fn escaped(&mut self, start: usize) -> Result<char, Wrong> {
        let c = match self.next() {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\x08',
            Some('f') => '\x0c',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode(start),
            _ => return Err((start..self.at, "unknown escape")),
        };
        Ok(c)
    }

    /// `uXXXX`; two halves of a surrogate pair make one character, a lone half is U+FFFD.
    fn unicode(&mut self, start: usize) -> Result<char, Wrong> {
        let unit = self.hex4(start)?;
        if !(0xd800..0xe000).contains(&unit) {
            return Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if unit < 0xdc00 && self.eat('\\') && self.eat('u') {
            let low = self.hex4(before)?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = before;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self, start: usize) -> Result<u32, Wrong> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or("");
        let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match u32::from_str_radix(digits, 16) {
            Ok(unit) if valid => {
                self.at += 4;
                Ok(unit)
            }
            _ => Err((start..self.at, "unknown escape")),
        }
    }
}

/// A number as JSON writes it (RFC 8259, section 6).
fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match word.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (word, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(text: &str) -> Vec<String> {
        match read(text) {
            JsonForm::Strings(strings) => strings.into_iter().map(|(string, _)| string).collect(),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn broken(text: &str) -> (&str, &'static str) {
        match read(text) {
            JsonForm::Broken(place, why) => (&text[place], why),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn arrays_of_strings() {
        assert_eq!(strings(r#"["a", "b c"]"#), ["a", "b c"]);
        assert_eq!(strings(" [ ] "), [""; 0]);
        assert_eq!(strings(r#"["\"\\\/\b\f\n\r\té"]"#), ["\"\\/\x08\x0c\n\r\té"]);
        assert_eq!(strings(r#"["\ud83d\ude00 \ud800x \udc00"]"#), ["\u{1f600} \u{fffd}x \u{fffd}"]);
        assert_eq!(read(r#"["a"]"#), JsonForm::Strings(vec![("a".into(), 1..4)]));
        assert_eq!(read("echo"), JsonForm::Other);
        assert_eq!(read(""), JsonForm::Other);
    }

    #[test]
    fn valid_json_that_is_no_list_of_strings() {
        for (text, at) in [
            (r#"["a", 1]"#, "1"),
            (r#"[-1.5e+3]"#, "-1.5e+3"),
            (r#"["a", ["b", {"c": [null]}]]"#, r#"["b", {"c": [null]}]"#),
            ("[true]", "true"),
            ("[{}]", "{}"),
        ] {
            assert_eq!(read(text), JsonForm::NotStrings(text.find(at).unwrap()..text.len() - 1), "{text}");
        }
    }

    #[test]
    fn the_place_and_the_reason_where_json_ends() {
        assert_eq!(broken("['x']"), ("'x'", "single quotes"));
        assert_eq!(broken(r#"["x",]"#), (",", "trailing comma"));
        assert_eq!(broken(r#"["x"] y z"#), ("y z", "text after ]"));
        assert_eq!(broken(r#"["x" "y"]"#), (r#""y""#, "missing comma"));
        assert_eq!(broken(r#"["x", $Y]"#), ("$Y", "variable outside quotes"));
        assert_eq!(broken(r#"["x", y]"#), ("y", "word without quotes"));
        assert_eq!(broken(r#"["x", 01]"#), ("01", "word without quotes"));
        assert_eq!(broken(r#"["x", "y"#), (r#""y"#, "missing closing quote"));
        assert_eq!(broken(r#"["x""#), ("", "missing ]"));
        assert_eq!(broken("["), ("", "missing ]"));
        assert_eq!(broken(r#"["C:\windows"]"#), (r"\w", "unknown escape"));
        assert_eq!(broken("[\"a\tb\"]"), ("\t", "control character in a string"));
        assert_eq!(broken("[“x”]"), ("“x”", "curly quotes"));
        assert_eq!(broken(r#"["x",,"y"]"#), (",", "empty element"));
        assert_eq!(broken(r#"["a", 1] b"#), ("b", "text after ]"));
        assert_eq!(broken(r#"["\ud8"]"#), (r"\u", "unknown escape"));
        assert_eq!(broken(&"[".repeat(100_000)).1, "nested too deeply");
    }

    #[test]
    fn the_shells_test_command_is_no_failed_list() {
        for text in ["[ -f x ] && y", r#"[ "$a" = b ]"#, "[[ $a == b ]]", "[ 'a' = b ] || c"] {
            assert!(is_test_command(text), "{text}");
        }
        for text in ["['x']", r#"["a" "b"]"#, "[ 'a', 'b' ]", "[ ]x", "[ a, b ]", "x", r#"[ "a" ] b"#] {
            assert!(!is_test_command(text), "{text}");
        }
    }
}
