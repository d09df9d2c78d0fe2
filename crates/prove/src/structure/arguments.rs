//! `$NAME` and `${NAME}` in a test file, replaced from the image's environment as Go's `os.Expand` does.

/// The text with its variables; a name that is not set becomes nothing.
pub(super) fn expand(text: &str, env: &[(String, String)]) -> String {
    let value = |name: &str| env.iter().rev().find(|(known, _)| known == name).map_or("", |(_, value)| value);
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let (name, length) = name(after);
        match name {
            Some(name) => out.push_str(value(name)),
            // `$` before what is no name stays (os.Expand); a broken `${` is eaten.
            None if length == 0 => out.push('$'),
            None => {}
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

/// The name after a `$`, and how much of the text belongs to it (Go, os/env.go getShellName).
fn name(after: &str) -> (Option<&str>, usize) {
    if let Some(braced) = after.strip_prefix('{') {
        return match braced.find('}') {
            Some(0) => (None, 2),
            Some(end) => (Some(&braced[..end]), end + 2),
            None => (None, 1),
        };
    }
    let special = |c: char| "*#$@!?-".contains(c) || c.is_ascii_digit();
    match after.chars().next() {
        Some(c) if special(c) => (Some(&after[..1]), 1),
        _ => {
            let end = after.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(after.len());
            (Some(&after[..end]).filter(|name| !name.is_empty()), end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_go_expands() {
        let env = [("A".to_string(), "1".to_string()), ("A_B".to_string(), "2".to_string())];
        for (text, expected) in [
            ("$A/x", "1/x"),
            ("${A}_B $A_B", "1_B 2"),
            ("$NO.", "."),
            ("100%$", "100%$"),
            ("a$ b", "a$ b"),
            ("$1x", "x"),
            ("${}x", "x"),
            ("${A", "A"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand(text, &env), expected, "{text}");
        }
    }
}
