//! Reads a text once and writes its expansion, as a whole and as words.

use super::pattern::Pattern;
use super::{ExpandError, LIMIT, Lookup};

/// Substitutions inside substitutions go no deeper than this.
const DEPTH_LIMIT: usize = 100;

/// What happens to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They group and go.
    RemoveQuotes,
    /// They are characters like any other.
    KeepQuotes,
}

/// What happens to escape characters in the word of a substitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Remove,
    /// Kept for the pattern matcher.
    Keep,
}

/// The expansion, as one text and as words.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub text: String,
    words: Vec<String>,
    word: String,
}

impl Output {
    pub fn into_words(mut self) -> Vec<String> {
        self.end_word();
        self.words
    }

    fn end_word(&mut self) {
        if !self.word.is_empty() {
            self.words.push(std::mem::take(&mut self.word));
        }
    }

    /// Characters that were quoted: blanks do not end the word.
    fn quoted(&mut self, text: &str) {
        self.text.push_str(text);
        self.word.push_str(text);
    }

    /// Characters that were not quoted: blanks end the word.
    fn plain(&mut self, text: &str) {
        self.text.push_str(text);
        for c in text.chars() {
            if c.is_whitespace() {
                self.end_word();
            } else {
                self.word.push(c);
            }
        }
    }
}

/// Reads one text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    escape: char,
    lookup: Lookup<'a>,
    mode: Mode,
    depth: usize,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, escape: char, lookup: Lookup<'a>, mode: Mode) -> Self {
        Lexer { text, at: 0, escape, lookup, mode, depth: 0 }
    }

    /// Expand the whole text.
    pub fn run(mut self) -> Result<Output, ExpandError> {
        self.until(&[], Escapes::Remove).map(|(output, _)| output)
    }

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

    fn error<T>(&self, offset: usize, message: impl Into<String>) -> Result<T, ExpandError> {
        Err(ExpandError { message: message.into(), offset })
    }

    fn check_size(&self, output: &str) -> Result<(), ExpandError> {
        match output.len() > LIMIT + self.text.len() {
            true => self.error(self.at, "the expanded text is larger than 1 MiB"),
            false => Ok(()),
        }
    }

    /// Expand up to the first of some characters, which is eaten and told, or to the end.
    fn until(&mut self, stops: &[char], escapes: Escapes) -> Result<(Output, Option<char>), ExpandError> {
        let mut output = Output::default();
        while let Some(c) = self.peek() {
            if stops.contains(&c) {
                self.next();
                return Ok((output, Some(c)));
            }
            match c {
                '$' => {
                    let value = self.dollar()?;
                    output.plain(&value);
                    self.check_size(&output.text)?;
                }
                '\'' if self.mode == Mode::RemoveQuotes => output.quoted(&self.single_quoted()?),
                '"' if self.mode == Mode::RemoveQuotes => output.quoted(&self.double_quoted(escapes)?),
                c if c == self.escape => self.escaped(&mut output, escapes),
                c => {
                    self.next();
                    output.plain(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Ok((output, None))
    }

    fn escaped(&mut self, output: &mut Output, escapes: Escapes) {
        self.next();
        let mut buffer = [0; 4];
        if escapes == Escapes::Keep {
            output.quoted(self.escape.encode_utf8(&mut buffer));
        }
        if let Some(c) = self.next() {
            output.quoted(c.encode_utf8(&mut buffer));
        }
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        let open = self.at;
        self.next();
        let rest = &self.text[self.at..];
        match rest.find('\'') {
            Some(end) => {
                self.at += end + 1;
                Ok(rest[..end].to_string())
            }
            None => self.error(open, "the single quote is never closed"),
        }
    }

    fn double_quoted(&mut self, escapes: Escapes) -> Result<String, ExpandError> {
        let open = self.at;
        self.next();
        let mut result = String::new();
        loop {
            match self.peek() {
                None => return self.error(open, "the double quote is never closed"),
                Some('"') => {
                    self.next();
                    return Ok(result);
                }
                Some('$') => {
                    result.push_str(&self.dollar()?);
                    self.check_size(&result)?;
                }
                Some(c) => {
                    self.next();
                    self.quoted_char(c, escapes, &mut result);
                }
            }
        }
    }

    /// A character inside double quotes; an escape character counts before `"`, `$` and itself.
    fn quoted_char(&mut self, c: char, escapes: Escapes, result: &mut String) {
        if c != self.escape {
            result.push(c);
            return;
        }
        if escapes == Escapes::Keep {
            result.push(c);
        }
        match self.peek() {
            Some(special) if special == '"' || special == '$' || special == self.escape => {
                self.next();
                result.push(special);
            }
            Some(_) if escapes == Escapes::Remove => result.push(c),
            _ => {}
        }
    }

    /// What begins with `$`.
    fn dollar(&mut self) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        if self.eat('{') {
            self.depth += 1;
            if self.depth > DEPTH_LIMIT {
                return self.error(start, "substitutions are nested too deeply");
            }
            let value = self.braces(start);
            self.depth -= 1;
            return value;
        }
        let name = self.name();
        Ok(match name {
            "" => "$".to_string(),
            name => (self.lookup)(name).unwrap_or_default(),
        })
    }

    /// A name: letters, digits and `_`; or digits alone; or one special parameter.
    fn name(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let first = rest.chars().next();
        let end = match first {
            Some(c) if c.is_ascii_digit() => rest.find(|c: char| !c.is_ascii_digit()),
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => Some(1),
            _ => rest.find(|c: char| !c.is_alphanumeric() && c != '_'),
        };
        let name = &rest[..end.unwrap_or(rest.len())];
        self.at += name.len();
        name
    }

    /// What follows `${`.
    fn braces(&mut self, start: usize) -> Result<String, ExpandError> {
        match self.peek() {
            None => return self.unclosed(start),
            Some(c @ ('{' | '}' | ':')) => {
                return self.error(start, format!("'${{{c}' names no variable"));
            }
            Some(_) => {}
        }
        let name = self.name();
        let value = (self.lookup)(name);
        let Some(operator) = self.next() else { return self.unclosed(start) };
        let (operator, colon) = match operator {
            '}' => return Ok(value.unwrap_or_default()),
            ':' => match self.next() {
                Some(operator) => (operator, true),
                None => return self.unclosed(start),
            },
            operator => (operator, false),
        };
        let set = value.is_some();
        let value = value.unwrap_or_default();
        let usable = set && !(colon && value.is_empty());
        match operator {
            '-' => self.word(start).map(|word| if usable { value } else { word }),
            '+' => self.word(start).map(|word| if usable { word } else { String::new() }),
            '?' => {
                let word = self.word(start)?;
                if usable { Ok(value) } else { self.error(start, demand(name, &word, set)) }
            }
            '#' | '%' if !colon => self.trimmed(start, operator, &value),
            '/' if !colon => self.replaced(start, &value),
            other => {
                let colon = if colon { ":" } else { "" };
                let message = format!(
                    "${{{name}{colon}{other}...}} is not understood: the builder knows :- :+ :? # % and /"
                );
                self.error(start, message)
            }
        }
    }

    fn unclosed<T>(&self, start: usize) -> Result<T, ExpandError> {
        self.error(start, "'${' is never closed by '}'")
    }

    /// The word up to `}`.
    fn word(&mut self, start: usize) -> Result<String, ExpandError> {
        self.part(start, &['}'], Escapes::Remove).map(|(word, _)| word)
    }

    /// A part of a substitution up to one of some characters, and which.
    fn part(
        &mut self,
        start: usize,
        stops: &[char],
        escapes: Escapes,
    ) -> Result<(String, char), ExpandError> {
        match self.until(stops, escapes)? {
            (output, Some(stop)) => Ok((output.text, stop)),
            (_, None) => self.unclosed(start),
        }
    }

    fn trimmed(&mut self, start: usize, operator: char, value: &str) -> Result<String, ExpandError> {
        let longest = self.eat(operator);
        let pattern = Pattern::new(&self.part(start, &['}'], Escapes::Keep)?.0);
        Ok(match operator {
            '#' => pattern.trim_prefix(value, longest),
            _ => pattern.trim_suffix(value, longest),
        })
    }

    /// `/p/r}` or `//p/r}`; as in bash, `/r` may be missing.
    fn replaced(&mut self, start: usize, value: &str) -> Result<String, ExpandError> {
        let all = self.eat('/');
        let (pattern, stop) = self.part(start, &['/', '}'], Escapes::Keep)?;
        let replacement = match stop {
            '/' => self.word(start)?,
            _ => String::new(),
        };
        let result = Pattern::new(&pattern).replace(value, &replacement, all);
        self.check_size(&result)?;
        Ok(result)
    }
}

fn demand(name: &str, word: &str, set: bool) -> String {
    match word {
        "" if set => format!("{name} is empty"),
        "" => format!("{name} is not set"),
        word => format!("{name}: {word}"),
    }
}
