//! Finds the ends of quoted texts and substitutions, however deep they nest.

/// What is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `"`
    Double,
    /// `$(`, `(`
    Paren,
    /// `${`
    Brace,
    /// A backquote
    Backquote,
}

/// Deeper nesting is not followed.
const DEPTH_LIMIT: usize = 60;

/// The offset behind a single-quoted text that begins at `at`.
pub(super) fn single_quoted(text: &str, at: usize) -> Option<usize> {
    text.get(at + 1..)?.find('\'').map(|end| at + 1 + end + 1)
}

/// The offset behind what begins at `at` with `"`, a backquote, `$(`, `${` or `(`; `None` if it is
/// never closed or holds something this reader does not follow.
pub(super) fn nested(text: &str, at: usize) -> Option<usize> {
    let mut stack = Vec::new();
    let mut at = at;
    loop {
        at = step(text, at, &mut stack)?;
        if stack.len() > DEPTH_LIMIT {
            return None;
        }
        if stack.is_empty() {
            return Some(at);
        }
    }
}

/// Read one unit and note what it opens or closes.
fn step(text: &str, at: usize, stack: &mut Vec<Open>) -> Option<usize> {
    let rest = text.get(at..)?;
    let c = rest.chars().next()?;
    let top = stack.last().copied();
    if c == '\\' {
        return Some(at + 1 + rest[1..].chars().next()?.len_utf8());
    }
    if top == Some(Open::Backquote) {
        if c == '`' {
            stack.pop();
        }
        return Some(at + c.len_utf8());
    }
    if closes(top, c) {
        stack.pop();
        return Some(at + 1);
    }
    for (start, open) in
        [("$(", Open::Paren), ("${", Open::Brace), ("\"", Open::Double), ("`", Open::Backquote)]
    {
        if rest.starts_with(start) {
            stack.push(open);
            return Some(at + start.len());
        }
    }
    let in_double = stack.contains(&Open::Double);
    match (top, c) {
        (Some(Open::Paren) | None, '(') => stack.push(Open::Paren),
        (Some(Open::Paren), '\'') => return single_quoted(text, at),
        (Some(Open::Brace), '\'') if !in_double => return single_quoted(text, at),
        (Some(Open::Paren), '#') if begins_word(text, at) => {
            return Some(at + rest.find('\n').unwrap_or(rest.len()));
        }
        // Patterns of `case` have a bare `)`; heredoc bodies may hold anything.
        (Some(Open::Paren), 'c') if begins_word(text, at) && rest.starts_with("case ") => return None,
        (Some(Open::Paren), '<') if is_heredoc(text, at) => return None,
        _ => {}
    }
    Some(at + c.len_utf8())
}

fn closes(top: Option<Open>, c: char) -> bool {
    matches!((top, c), (Some(Open::Double), '"') | (Some(Open::Paren), ')') | (Some(Open::Brace), '}'))
}

fn begins_word(text: &str, at: usize) -> bool {
    text[..at].ends_with([' ', '\t', '\n', ';', '(', '&', '|'])
}

/// `<<` before a word that can end a heredoc, rather than `<<<` or a shift.
fn is_heredoc(text: &str, at: usize) -> bool {
    let Some(word) = text[at..].strip_prefix("<<") else { return false };
    let word = word.trim_start_matches(['-', ' ']);
    !text[..at].ends_with('<')
        && word.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '\'' | '"' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_nested_texts() {
        for whole in [
            r#""a $(b "c)" ')' d) \" ${e:-"f}"}""#,
            "$(a `b)` # no )\n c)",
            "$((1 << (2 + 3)))",
            "${x:-'}'}",
            "\"${x:-it's}\"",
            "`a \\` b`",
            "(a (b) 'c)')",
        ] {
            let text = format!("{whole} rest\"'`)}}");
            assert_eq!(nested(&text, 0), Some(whole.len()), "{whole}");
        }
        assert_eq!(single_quoted("'a\\' b", 0), Some(4));
    }

    #[test]
    fn what_is_not_followed() {
        for text in ["\"a", "$(a", "${a", "`a", "$(case x in a) b;; esac)", "$(cat <<EOF\n)\nEOF\n)"] {
            assert_eq!(nested(text, 0), None, "{text}");
        }
    }
}
