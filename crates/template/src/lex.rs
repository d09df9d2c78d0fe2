//! A template's bytes to tokens (Go's `text/template/parse`, `lex.go`).

use crate::error::Mistake;
use crate::number;

/// A token and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub at: usize,
    pub kind: Kind,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Text outside of actions, trimmed as its neighbours ask.
    Text(String),
    /// `{{`
    Left,
    /// `}}`
    Right,
    /// Blanks: they decide whether `.A .B` is one operand or two.
    Space,
    /// A word: a keyword, `true`, `nil` or a function.
    Word(String),
    /// `.Name`
    Field(String),
    /// `$` or `$name`
    Variable(String),
    Dot,
    /// A string constant, unquoted.
    Quoted(String),
    Int(i64),
    Float(f64),
    Pipe,
    Declare,
    Assign,
    Comma,
    Open,
    Close,
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

/// Go's blanks inside of actions.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// All tokens of a template.
pub(crate) fn lex(source: &str) -> Result<Vec<Token>, Mistake> {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new() };
    let mut trim_start = false;
    while lexer.at < source.len() {
        let begin = lexer.at;
        let end = lexer.rest().find(LEFT).map_or(source.len(), |at| begin + at);
        let mut text = &source[begin..end];
        if trim_start {
            text = text.trim_start_matches(is_space);
        }
        let trim_end = end < source.len() && is_trim_marker(&source[end + LEFT.len()..]);
        if trim_end {
            text = text.trim_end_matches(is_space);
        }
        if !text.is_empty() {
            lexer.push(begin, Kind::Text(text.to_string()));
        }
        lexer.at = end;
        trim_start = end < source.len() && lexer.action(trim_end)?;
    }
    Ok(lexer.tokens)
}

/// `- ` after `{{`.
fn is_trim_marker(after: &str) -> bool {
    after.strip_prefix('-').is_some_and(|rest| rest.starts_with(is_space))
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.source[self.at..]
    }

    fn push(&mut self, at: usize, kind: Kind) {
        self.tokens.push(Token { at, kind });
    }

    /// One action, from `{{` behind `}}`; whether the text after it is trimmed.
    fn action(&mut self, trimmed: bool) -> Result<bool, Mistake> {
        let begin = self.at;
        self.at += LEFT.len() + if trimmed { 2 } else { 0 };
        if self.rest().starts_with("/*") {
            return self.comment(begin);
        }
        self.push(begin, Kind::Left);
        loop {
            if let Some((length, trims)) = self.right() {
                self.push(self.at, Kind::Right);
                self.at += length;
                return Ok(trims);
            }
            if self.rest().is_empty() {
                return Err(Mistake::new(begin, "this action has no closing '}}'"));
            }
            self.token()?;
        }
    }

    /// Length of a closing delimiter here, and whether it trims.
    fn right(&self) -> Option<(usize, bool)> {
        let rest = self.rest();
        if rest.starts_with(RIGHT) {
            return Some((RIGHT.len(), false));
        }
        let blank = rest.starts_with(is_space);
        (blank && rest[1..].starts_with("-}}")).then_some((1 + "-}}".len(), true))
    }

    fn comment(&mut self, begin: usize) -> Result<bool, Mistake> {
        let Some(end) = self.rest().find("*/") else {
            return Err(Mistake::new(begin, "this comment has no closing '*/'"));
        };
        self.at += end + "*/".len();
        match self.right() {
            Some((length, trims)) => {
                self.at += length;
                Ok(trims)
            }
            None => Err(Mistake::new(self.at, "a comment ends with '*/}}', nothing may stand between")),
        }
    }

    fn token(&mut self) -> Result<(), Mistake> {
        let begin = self.at;
        let (kind, length) = next_token(self.rest()).map_err(|why| Mistake::new(begin, why))?;
        // A blank before ` -}}` belongs to it.
        let length = match kind {
            Kind::Space => self.blanks(),
            _ => length,
        };
        self.push(begin, kind);
        self.at += length;
        self.check_end_of_word(begin)
    }

    /// Blanks from here, without the one that begins ` -}}`.
    fn blanks(&self) -> usize {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(is_space).len();
        if length > 1 && rest[length..].starts_with("-}}") { length - 1 } else { length }
    }

    /// Words and fields end where something that cannot be part of them begins.
    fn check_end_of_word(&self, begin: usize) -> Result<(), Mistake> {
        let wordy = self
            .tokens
            .last()
            .is_some_and(|token| matches!(token.kind, Kind::Word(_) | Kind::Field(_) | Kind::Variable(_)));
        match self.rest().chars().next() {
            Some(c) if wordy && !is_space(c) && !".,|:=)(}".contains(c) => {
                let word = &self.source[begin..self.at];
                Err(Mistake::new(self.at, format!("'{c}' cannot follow '{word}'{}", dash_hint(c))))
            }
            _ => Ok(()),
        }
    }
}

/// Names with a dash are the usual reason for this mistake.
fn dash_hint(c: char) -> &'static str {
    match c {
        '-' | '/' => ": write index . \"the-key\" for a key that is no name",
        _ => "",
    }
}

/// The token at the beginning of a text that is not empty, and its length.
fn next_token(rest: &str) -> Result<(Kind, usize), String> {
    let first = rest.chars().next().unwrap_or(' ');
    let second = rest[first.len_utf8()..].chars().next();
    let one = |kind| Ok((kind, 1));
    match first {
        c if is_space(c) => one(Kind::Space),
        ':' if second == Some('=') => Ok((Kind::Declare, 2)),
        '=' => one(Kind::Assign),
        '|' => one(Kind::Pipe),
        ',' => one(Kind::Comma),
        '(' => one(Kind::Open),
        ')' => one(Kind::Close),
        '"' => interpreted(rest),
        '`' => raw(rest),
        '\'' => number::character(rest).map(|(value, length)| (Kind::Int(value), length)),
        '$' => Ok(named(rest, |name| Kind::Variable(format!("${name}")))),
        '.' if !second.is_some_and(|c| c.is_ascii_digit()) => Ok(match name_length(&rest[1..]) {
            0 => (Kind::Dot, 1),
            _ => named(rest, |name| Kind::Field(name.to_string())),
        }),
        '.' | '+' | '-' | '0'..='9' => number_token(rest),
        c if c.is_alphabetic() || c == '_' => {
            let length = name_length(rest);
            Ok((Kind::Word(rest[..length].to_string()), length))
        }
        c => Err(format!("'{c}' has no meaning in an action")),
    }
}

fn named(rest: &str, kind: impl Fn(&str) -> Kind) -> (Kind, usize) {
    let length = 1 + name_length(&rest[1..]);
    (kind(&rest[1..length]), length)
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}

fn number_token(rest: &str) -> Result<(Kind, usize), String> {
    let (number, length) = number::number(rest)?;
    let kind = match number {
        number::Number::Int(value) => Kind::Int(value),
        number::Number::Float(value) => Kind::Float(value),
    };
    Ok((kind, length))
}

/// A string in double quotes, with Go's escapes.
fn interpreted(rest: &str) -> Result<(Kind, usize), String> {
    let mut text = String::new();
    let mut at = 1;
    loop {
        match rest[at..].chars().next() {
            None | Some('\n') => return Err("this string has no closing quote".to_string()),
            Some('"') => return Ok((Kind::Quoted(text), at + 1)),
            Some('\\') => {
                let (c, length) = number::escape(&rest[at..], '"')?;
                text.push(c);
                at += length;
            }
            Some(c) => {
                text.push(c);
                at += c.len_utf8();
            }
        }
    }
}

fn raw(rest: &str) -> Result<(Kind, usize), String> {
    let end = rest[1..].find('`').ok_or("this raw string has no closing backquote")?;
    // Go drops carriage returns from raw strings (strconv.Unquote).
    Ok((Kind::Quoted(rest[1..1 + end].replace('\r', "")), end + 2))
}
