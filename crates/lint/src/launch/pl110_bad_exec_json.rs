//! # PL110 bad-exec-json
//!
//! Exec form is a JSON array of strings. What begins with `[` and is no such array - single quotes, a
//! comma at the end, text behind the bracket, an unquoted variable - is silently taken as shell form:
//! the shell is asked to run a program called `[httpd,` or `['httpd',`.
//!
//! ```Dockerfile
//! CMD ['httpd', '-f']     # at run time: sh: [httpd,: not found
//! ```
//!
//! Use double quotes and nothing else: `CMD ["httpd", "-f"]`.

use plimsoll_dockerfile::syntax::Command;
use plimsoll_model::{Diagnostic, Edit, Fix};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let parts = [Part::Entrypoint, Part::Cmd].into_iter();
    parts.filter_map(|part| check_part(subject, report, part)).collect()
}

fn check_part(subject: &Subject<'_>, report: &Report, part: Part) -> Option<Diagnostic> {
    let (source, _, Command::AlmostJson { text, broken_at, why }) = subject.command(part)? else {
        return None;
    };
    let word = part.word();
    let found = report.error(format!("this {word} is no JSON array, so it is taken as shell form"));
    let stored = exec_form::json_array(subject.words(part));
    let found = found.at(source, *broken_at, *why);
    let mut found = subject.beside(found, part, &format!("stored as {stored}"));
    found.notes.push("the shell will look for a program whose name begins with '['".to_string());
    if let Some(words) = meant(&text.text) {
        let array = exec_form::json_array(&words);
        found.fix = Some(Fix {
            title: "write a JSON array of strings".to_string(),
            source: source.clone(),
            edits: vec![Edit { span: text.span, replacement: array }],
            safe: !words.iter().any(|word| word.contains('$')),
        });
    }
    Some(found)
}

/// The words meant by a list in any quotes, or without; `None` if it is not clear.
fn meant(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let mut words = Vec::new();
    let mut rest = inner.trim();
    while !rest.is_empty() {
        let quote = rest.chars().next()?;
        let closing = match quote {
            '"' | '\'' | '`' => quote,
            '\u{201c}' | '\u{201d}' | '\u{201e}' => '\u{201d}',
            '\u{2018}' | '\u{2019}' => '\u{2019}',
            _ => ',',
        };
        let (word, after) = if closing == ',' {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].trim(), &rest[end..])
        } else {
            rest[quote.len_utf8()..].split_once(closing)?
        };
        let bare = closing == ',';
        if word.contains('\\')
            || bare && (word.is_empty() || word.contains(char::is_whitespace) || word.contains(['"', '\'']))
        {
            return None;
        }
        words.push(word.to_string());
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(next) => next.trim_start(),
            None if after.is_empty() => "",
            // Two strings with nothing between: a comma was forgotten.
            None if after.starts_with(['"', '\'']) => after,
            None => return None,
        };
    }
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn what_was_meant() {
        let of = |text: &str| meant(text).map(|words| words.join("|"));
        assert_eq!(of("['httpd', '-f']").as_deref(), Some("httpd|-f"));
        assert_eq!(of("[\"a\", \"b\",]").as_deref(), Some("a|b"));
        assert_eq!(of("[a, -b]").as_deref(), Some("a|-b"));
        assert_eq!(of("[\"a\" \"b\"]").as_deref(), Some("a|b"));
        assert_eq!(of("[\u{201c}a\u{201d}, \u{201c}b c\u{201d}]").as_deref(), Some("a|b c"));
        for unclear in ["[\"a\"] b", "[a b]", "['a]", "[]", "[\"a\\d\"]"] {
            assert_eq!(of(unclear), None, "{unclear}");
        }
    }
}
