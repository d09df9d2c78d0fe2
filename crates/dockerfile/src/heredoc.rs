//! Here-documents: their markers on the instruction's line and their bodies below it
//! (BuildKit `parser/parser.go` heredocsFromLine).

use plimsoll_model::Span;

use crate::lines::Lines;
use crate::syntax::Heredoc;

/// A marker such as `3<<-"EOF"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub name: String,
    pub strip_tabs: bool,
    pub expand: bool,
    pub descriptor: u32,
}

/// The markers of a line, in order. A line whose quotes do not match has none.
pub(crate) fn markers(line: &str) -> Vec<Marker> {
    words(line).unwrap_or_default().into_iter().filter_map(marker).collect()
}

/// The marker a word is, if it is one: digits, `<<`, an optional `-`, a word without `<`.
pub(crate) fn marker(word: &str) -> Option<Marker> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &word[..word.len() - rest.len()];
    let rest = rest.strip_prefix("<<")?;
    let (rest, strip_tabs) = match rest.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let (name, quoted) = unquote(rest)?;
    if rest.contains('<') || name.is_empty() {
        return None;
    }
    Some(Marker { name, strip_tabs, expand: !quoted, descriptor: digits.parse().unwrap_or(0) })
}

/// Words as the builder's lexer sees them, quotes and escapes kept.
fn words(line: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut at = 0;
    while let Some(c) = line[at..].chars().next() {
        if c.is_whitespace() {
            words.extend(start.take().map(|start| &line[start..at]));
            at += c.len_utf8();
            continue;
        }
        start.get_or_insert(at);
        at = skip_unit(line, at)?;
    }
    words.extend(start.map(|start| &line[start..]));
    Some(words)
}

/// The end of the character, escape, quoted text or `${...}` that begins at `at`.
fn skip_unit(line: &str, at: usize) -> Option<usize> {
    let rest = &line[at..];
    let c = rest.chars().next()?;
    match c {
        '\\' => Some(at + 1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
        '\'' => Some(at + 2 + rest[1..].find('\'')?),
        '"' => skip_until(line, at + 1, '"'),
        '$' if rest[1..].starts_with('{') => skip_until(line, at + 2, '}'),
        c => Some(at + c.len_utf8()),
    }
}

fn skip_until(line: &str, mut at: usize, close: char) -> Option<usize> {
    loop {
        let c = line.get(at..)?.chars().next()?;
        at += c.len_utf8();
        if c == close {
            return Some(at);
        }
        if c == '\\' {
            at += line[at..].chars().next()?.len_utf8();
        }
    }
}

/// A word without its quotes, and whether it had any.
fn unquote(word: &str) -> Option<(String, bool)> {
    let mut name = String::new();
    let mut quote = None;
    let mut quoted = false;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => {
                quote = Some(c);
                quoted = true;
            }
            (Some(open), c) if open == c => quote = None,
            (None, '\\') => name.extend(chars.next()),
            (Some('"'), '\\') => {
                let special = chars.next_if(|next| matches!(next, '"' | '$' | '\\'));
                name.push(special.unwrap_or('\\'));
            }
            (_, c) => name.push(c),
        }
    }
    quote.is_none().then_some((name, quoted))
}

/// Why a body could not be read to its end.
pub(crate) struct Unterminated {
    /// The word that never came.
    pub name: String,
    /// A line that holds the word and blanks or tabs around it.
    pub nearly: Option<Span>,
}

/// Read the bodies that follow a line, in the order of their markers.
pub(crate) fn bodies(
    markers: Vec<Marker>,
    lines: &mut Lines<'_>,
    end: &mut usize,
) -> (Vec<Heredoc>, Option<Unterminated>) {
    let mut heredocs = Vec::new();
    for marker in markers {
        let (heredoc, terminated, nearly) = body(&marker, lines, end);
        heredocs.push(heredoc);
        if !terminated {
            return (heredocs, Some(Unterminated { name: marker.name, nearly }));
        }
    }
    (heredocs, None)
}

fn body(marker: &Marker, lines: &mut Lines<'_>, end: &mut usize) -> (Heredoc, bool, Option<Span>) {
    let start = lines.peek().map_or(*end, |line| line.span.start);
    let mut span = Span::new(start, start);
    let mut body = String::new();
    let mut nearly = None;
    let mut terminated = false;
    let tabs = |text: &'_ str| text.len() - text.trim_start_matches('\t').len();
    while let Some(line) = lines.next_physical() {
        *end = line.span.end;
        let content = lines.content(line);
        let strip = if marker.strip_tabs { tabs(content) } else { 0 };
        if content[strip..] == marker.name {
            terminated = true;
            break;
        }
        if content.trim() == marker.name {
            nearly = Some(line.span);
        }
        body.push_str(&lines.with_line_end(line)[strip..]);
        span.end = line.next;
    }
    let heredoc = Heredoc {
        name: marker.name.clone(),
        strip_tabs: marker.strip_tabs,
        expand: marker.expand,
        descriptor: marker.descriptor,
        body,
        span,
    };
    (heredoc, terminated, nearly)
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Source;

    fn one(word: &str) -> Option<(String, bool, bool, u32)> {
        marker(word).map(|m| (m.name, m.strip_tabs, m.expand, m.descriptor))
    }

    #[test]
    fn forms_of_markers() {
        assert_eq!(one("<<EOF"), Some(("EOF".into(), false, true, 0)));
        assert_eq!(one("3<<-EOF"), Some(("EOF".into(), true, true, 3)));
        assert_eq!(one("<<'E O'F"), Some(("E OF".into(), false, false, 0)));
        assert_eq!(one("<<\"E\\\"F\""), Some(("E\"F".into(), false, false, 0)));
        assert_eq!(one("<<E\\OF"), Some(("EOF".into(), false, true, 0)));
        for none in ["<<", "<<-", "<<<x", "<x", "a<<b", "<<\"\"", "<<'x", "<<a<b", ""] {
            assert_eq!(one(none), None, "{none}");
        }
    }

    #[test]
    fn markers_of_a_line() {
        let names = |line| markers(line).into_iter().map(|m| m.name).collect::<Vec<_>>();
        assert_eq!(names("RUN <<A cat <<-'B' && echo \"<<C\" '<<D' \\<<E"), ["A", "B"]);
        assert_eq!(names("RUN echo it's <<EOF"), [""; 0]);
        assert_eq!(names("RUN echo ${x:- a} $((1<<2)) 1 << 2 <<EOF>out"), ["EOF>out"]);
        assert_eq!(names("RUN a \\"), [""; 0]);
    }

    #[test]
    fn bodies_end_at_their_word() {
        let source = Source::new("f", "a\n\tb\r\nA\n\tc\n\tB\nnext");
        let mut lines = Lines::new(&source);
        let mut end = 0;
        let (docs, wrong) = bodies(markers("<<A <<-B"), &mut lines, &mut end);
        assert!(wrong.is_none());
        assert_eq!(docs[0].body, "a\n\tb\r\n");
        assert_eq!(docs[1].body, "c\n");
        assert_eq!(source.slice(docs[1].span), "\tc\n");
        assert_eq!(&source.text()[end..], "\nnext");
    }

    #[test]
    fn a_missing_end_names_the_line_that_nearly_was_it() {
        let source = Source::new("f", "a\n  A \nb");
        let (docs, wrong) = bodies(markers("<<A"), &mut Lines::new(&source), &mut 0);
        assert_eq!(docs[0].body, "a\n  A \nb");
        assert_eq!(source.slice(wrong.unwrap().nearly.unwrap()), "  A ");
    }
}
