//! Commands inside a word: `$(...)` and backquotes.

use plimsoll_model::Span;

use super::skip;

/// The insides of the command substitutions of a word as written, those in double quotes too. What
/// nests in them is found by reading them.
pub fn substitutions(raw: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let (mut at, mut in_double) = (0, false);
    while let Some(c) = raw.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = &raw[at..];
        at = match c {
            '\\' => at + 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            '\'' if !in_double => skip::single_quoted(raw, at).unwrap_or(raw.len()),
            '"' => {
                in_double = !in_double;
                at + 1
            }
            '$' if rest.starts_with("$((") => skip::nested(raw, at).unwrap_or(raw.len()),
            '$' if rest.starts_with("$(") => inside(raw, at, 2, &mut found),
            '<' | '>' if rest[1..].starts_with('(') => inside(raw, at, 2, &mut found),
            '`' => inside(raw, at, 1, &mut found),
            c => at + c.len_utf8(),
        };
    }
    found
}

/// The length of the `${...}` or `$(...)` that a text begins with.
pub fn substitution_end(text: &str) -> Option<usize> {
    skip::nested(text, 0)
}

/// Note what stands between `opening` characters and the closing one; the offset behind it.
fn inside(raw: &str, at: usize, opening: usize, found: &mut Vec<Span>) -> usize {
    // `<(` begins where its parenthesis does.
    let from = if raw[at..].starts_with(['<', '>']) { at + 1 } else { at };
    let Some(end) = skip::nested(raw, from) else { return raw.len() };
    found.push(Span::new(at + opening, end - 1));
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(raw: &str) -> Vec<&str> {
        substitutions(raw).into_iter().map(|span| &raw[span.start..span.end]).collect()
    }

    #[test]
    fn commands_inside_words() {
        assert_eq!(texts("a$(b $(c))d`e`"), ["b $(c)", "e"]);
        assert_eq!(texts("\"$(a 'b)')\"'$(c)'"), ["a 'b)'"]);
        assert_eq!(texts("$((1+2)) \\$(x) ${y}"), [""; 0]);
        assert_eq!(texts("<(a) $(b"), ["a"]);
    }
}
