//! Cuts shell text into words, operators and redirections (POSIX XCU 2.3), with the bash forms that
//! entrypoint scripts use.

use plimsoll_model::Span;

use super::Word;
use super::skip;

/// A piece of shell text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// An operator and its target, as written.
    Redirect(Word),
    /// `&&`, `||`, `;`, `;;`, `;&`, `;;&`, `|`, `|&`, `&`, `(`, `)`, a newline.
    Operator(&'static str, Span),
    End,
}

/// The text went out of what this reader follows.
pub(super) struct Lost;

/// Longer ones first.
const OPERATORS: &[&str] = &[";;&", "&&", "||", ";;", ";&", "|&", ";", "|", "&", "(", ")", "\n"];
const REDIRECTS: &[&str] = &["<<-", "<<<", "&>>", "<<", "<&", "<>", ">>", ">&", ">|", "&>", "<", ">"];

/// A heredoc whose body begins at the next line.
struct Pending {
    end: String,
    strip_tabs: bool,
}

/// Reads shell text.
pub(super) struct Lexer<'a> {
    text: &'a str,
    pub at: usize,
    heredocs: Vec<Pending>,
    /// `&>` is a redirection in bash and a background job in other shells.
    pub is_bash: bool,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str, is_bash: bool) -> Self {
        Lexer { text, at: 0, heredocs: Vec::new(), is_bash }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.strip_prefix([' ', '\t']).or(rest.strip_prefix("\\\n"));
            let blank = blank.or(rest.strip_prefix("\\\r\n"));
            let blank =
                blank.or(rest.strip_prefix('\r').filter(|after| after.is_empty() || after.starts_with('\n')));
            let Some(after) = blank else { break };
            self.at += rest.len() - after.len();
        }
        if self.rest().starts_with('#') {
            self.at += self.rest().find('\n').unwrap_or(self.rest().len());
        }
    }

    /// The next token.
    pub fn next(&mut self) -> Result<Token, Lost> {
        self.skip_blanks();
        let start = self.at;
        if self.rest().is_empty() {
            return match self.heredocs.is_empty() {
                true => Ok(Token::End),
                false => Err(Lost),
            };
        }
        if let Some(redirect) = self.redirect()? {
            return Ok(Token::Redirect(redirect));
        }
        if let Some(operator) = OPERATORS.iter().find(|operator| self.rest().starts_with(**operator)) {
            self.at += operator.len();
            if *operator == "\n" {
                self.heredoc_bodies()?;
            }
            return Ok(Token::Operator(operator, Span::new(start, start + operator.len())));
        }
        self.word().map(Token::Word)
    }

    /// A redirection with its target, if one stands here.
    fn redirect(&mut self) -> Result<Option<Word>, Lost> {
        let start = self.at;
        let digits = self.rest().len() - self.rest().trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let after = &self.rest()[digits..];
        let Some(operator) = REDIRECTS.iter().find(|operator| after.starts_with(**operator)) else {
            return Ok(None);
        };
        if operator.starts_with('&') && (digits > 0 || !self.is_bash) {
            return if digits > 0 { Ok(None) } else { Err(Lost) };
        }
        // `<(` and `>(` begin a word of their own.
        if operator.len() == 1 && after[1..].starts_with('(') {
            return Ok(None);
        }
        self.at += digits + operator.len();
        self.skip_blanks();
        let target = self.word()?;
        if matches!(*operator, "<<" | "<<-") {
            let end = heredoc_end(&target.raw);
            self.heredocs.push(Pending { end, strip_tabs: *operator == "<<-" });
        }
        let raw = self.text[start..self.at].to_string();
        Ok(Some(Word { raw, literal: None, holds_args: target.holds_args, span: Span::new(start, self.at) }))
    }

    fn heredoc_bodies(&mut self) -> Result<(), Lost> {
        for heredoc in std::mem::take(&mut self.heredocs) {
            loop {
                let rest = self.rest();
                if rest.is_empty() {
                    return Err(Lost);
                }
                let line = rest.split_inclusive('\n').next().unwrap_or(rest);
                self.at += line.len();
                let line = line.trim_end_matches(['\r', '\n']);
                let line = if heredoc.strip_tabs { line.trim_start_matches('\t') } else { line };
                if line == heredoc.end {
                    break;
                }
            }
        }
        Ok(())
    }

    /// A word; an empty one (an operator stands here) is not followed.
    pub fn word(&mut self) -> Result<Word, Lost> {
        let word =
            self.word_until(|c| matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')'))?;
        if word.raw.is_empty() { Err(Lost) } else { Ok(word) }
    }

    /// A word inside `[[ ]]`, where operators and parentheses are words or parts of them.
    pub fn condition_word(&mut self) -> Result<Word, Lost> {
        loop {
            self.skip_blanks();
            let Some(after) = self.rest().strip_prefix('\n') else { break };
            self.at += self.rest().len() - after.len();
        }
        let word = self.word_until(|c| matches!(c, ' ' | '\t' | '\n' | ';'))?;
        if word.raw.is_empty() { Err(Lost) } else { Ok(word) }
    }

    /// Whether this character stands here.
    pub fn follows(&self, c: char) -> bool {
        self.rest().starts_with(c)
    }

    /// A word and the `(...)` that stands behind it.
    pub fn with_parentheses(&mut self, word: Word) -> Result<Word, Lost> {
        self.at = skip::nested(self.text, self.at).ok_or(Lost)?;
        let span = Span::new(word.span.start, self.at);
        let raw = self.text[span.start..span.end].to_string();
        let holds_args = holds_args(&raw);
        Ok(Word { raw, literal: None, holds_args, span })
    }

    /// The text of `((...))` behind its first parenthesis, which stands here.
    pub fn arithmetic(&mut self) -> Result<(), Lost> {
        self.at = skip::nested(self.text, self.at).ok_or(Lost)?;
        if !self.follows(')') {
            return Err(Lost);
        }
        self.at += 1;
        Ok(())
    }

    fn word_until(&mut self, ends: impl Fn(char) -> bool) -> Result<Word, Lost> {
        let start = self.at;
        let mut value = Value::default();
        while let Some(c) = self.rest().chars().next() {
            let substitution =
                matches!(c, '<' | '>') && self.at == start && self.rest()[1..].starts_with('(');
            let line_end = self.rest() == "\r" || self.rest().starts_with("\r\n");
            if (ends(c) && !substitution) || line_end {
                break;
            }
            self.unit(c, &mut value)?;
        }
        let raw = self.text[start..self.at].to_string();
        let holds_args = value.holds_args;
        let literal = value.literal(&raw);
        Ok(Word { raw, literal, holds_args, span: Span::new(start, self.at) })
    }

    /// One character, escape, quoted text or substitution of a word.
    fn unit(&mut self, c: char, value: &mut Value) -> Result<(), Lost> {
        let start = self.at;
        let rest = self.rest();
        match c {
            '\\' => {
                let escaped = rest[1..].chars().next();
                self.at += 1 + escaped.map_or(0, char::len_utf8);
                match escaped {
                    Some('\n') => {}
                    Some(escaped) => value.quoted(escaped.encode_utf8(&mut [0; 4])),
                    None => value.quoted("\\"),
                }
            }
            '\'' => {
                self.at = skip::single_quoted(self.text, self.at).ok_or(Lost)?;
                value.quoted(&self.text[start + 1..self.at - 1]);
            }
            '"' => {
                self.at = skip::nested(self.text, self.at).ok_or(Lost)?;
                value.double_quoted(&self.text[start + 1..self.at - 1]);
            }
            '$' if rest.starts_with("$'") => {
                self.at = ansi_quoted(self.text, self.at + 1).ok_or(Lost)?;
                value.expands = true;
            }
            '$' => self.dollar(value)?,
            '`' => {
                self.at = skip::nested(self.text, self.at).ok_or(Lost)?;
                value.expand(&self.text[start..self.at]);
            }
            '<' | '>' => {
                self.at = skip::nested(self.text, self.at + 1).ok_or(Lost)?;
                value.expand(&self.text[start..self.at]);
            }
            // Inside `[[ ]]`: a parenthesis that belongs to a pattern.
            c => {
                self.at += c.len_utf8();
                value.plain(c);
            }
        }
        Ok(())
    }

    fn dollar(&mut self, value: &mut Value) -> Result<(), Lost> {
        let start = self.at;
        let rest = self.rest();
        self.at = match rest[1..].chars().next() {
            Some('(' | '{') => skip::nested(self.text, self.at).ok_or(Lost)?,
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let name = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                start + 1 + name.unwrap_or(rest.len() - 1)
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!' | '0'..='9') => start + 2,
            _ => {
                self.at += 1;
                value.plain('$');
                return Ok(());
            }
        };
        value.expand(&self.text[start..self.at]);
        Ok(())
    }
}

/// The word that ends a heredoc, without quotes.
fn heredoc_end(raw: &str) -> String {
    raw.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect()
}

/// The offset behind `'...'` of `$'...'`, where a backslash escapes.
fn ansi_quoted(text: &str, at: usize) -> Option<usize> {
    let mut chars = text.get(at + 1..)?.char_indices();
    while let Some((offset, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '\'' => return Some(at + 1 + offset + 1),
            _ => {}
        }
    }
    None
}

/// What a word is once quotes are removed, as long as nothing in it expands.
#[derive(Debug, Default)]
struct Value {
    text: String,
    /// The characters of `text` that were not quoted: they may form a pattern.
    bare: String,
    expands: bool,
    holds_args: bool,
}

impl Value {
    fn plain(&mut self, c: char) {
        self.text.push(c);
        self.bare.push(c);
    }

    fn quoted(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn expand(&mut self, raw: &str) {
        self.expands = true;
        self.holds_args |= holds_args(raw);
    }

    /// The inside of double quotes: `\` escapes `$`, a backquote, `"`, `\` and a newline.
    fn double_quoted(&mut self, inside: &str) {
        let mut chars = inside.chars().peekable();
        let mut escaped = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next_if(|next| matches!(next, '$' | '`' | '"' | '\\' | '\n')) {
                    Some('\n') => {}
                    Some(next) => {
                        self.text.push(next);
                        escaped.push(' ');
                    }
                    None => self.text.push('\\'),
                },
                '$' if chars
                    .peek()
                    .is_some_and(|c| c.is_ascii_alphanumeric() || "_({@*#?-$!".contains(*c)) =>
                {
                    self.expands = true;
                    escaped.push('$');
                }
                '`' => self.expands = true,
                c => {
                    self.text.push(c);
                    escaped.push(c);
                }
            }
        }
        self.holds_args |= holds_args(&escaped);
    }

    /// `None` if a variable, a pattern, a tilde or braces make something else of the word.
    fn literal(self, raw: &str) -> Option<String> {
        let bare = &self.bare;
        let pattern = bare.contains(['*', '?']) || bare.contains('[') && bare.contains(']') && bare.len() > 2;
        let braces = bare.contains('{') && bare.contains('}') && (bare.contains(',') || bare.contains(".."));
        let changes = self.expands || raw.starts_with('~') || pattern || braces;
        (!changes).then_some(self.text)
    }
}

fn holds_args(text: &str) -> bool {
    ["$@", "$*", "${@", "${*"].iter().any(|form| text.contains(form))
}
