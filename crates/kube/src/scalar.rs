//! Strings as YAML scalars that every parser reads back as the same string.
//!
//! The API server reads YAML 1.1 (sigs.k8s.io/yaml): `no`, `y` and `on` are booleans there, `0440` is
//! octal, `1:30` a number to base 60, `2026-01-02` a time. Whatever any version of YAML could take for
//! something other than a string is put in double quotes; too many quotes do no harm.

/// The string as a scalar of a block mapping or sequence: plain where that is safe, else quoted.
pub fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_string() } else { quoted(text) }
}

fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '_');
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@:-+=,% ".contains(c);
    starts_well
        && text.chars().all(safe)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !is_word_of_yaml(text)
        && !looks_like_number(text)
}

/// Words that are a boolean or null in YAML 1.1 or 1.2 in one of their spellings.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: [&str; 10] = ["y", "yes", "n", "no", "true", "false", "on", "off", "null", "nan"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Made of nothing but what numbers (decimal, octal, hexadecimal, base 60, exponents, `_` between the
/// digits) and timestamps are made of, and with a digit first.
fn looks_like_number(text: &str) -> bool {
    let numeric = |c: char| c.is_ascii_hexdigit() || "xXoO_.:,+- tTzZ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(numeric)
}

/// Double-quoted, with escapes that mean the same in YAML and JSON.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters, the line ends beyond ASCII, the byte order mark and the characters that change
/// the direction of what follows: some parsers refuse them, and no reader sees them. All of them lie
/// below U+10000, so that four digits are enough.
pub fn needs_escape(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_words_stay_plain() {
        for text in [
            "app",
            "16Mi",
            "100m",
            "/var/cache/nginx",
            "apps/v1",
            "docker.io/library/app@sha256:0123",
            "--port 80".trim_start_matches('-'),
            "app.kubernetes.io/name",
            "yesterday",
            "tcp-53",
        ] {
            assert_eq!(scalar(text), text);
        }
    }

    #[test]
    fn what_yaml_1_1_or_1_2_takes_for_something_else_is_quoted() {
        for text in [
            "",
            "y",
            "N",
            "yes",
            "No",
            "ON",
            "off",
            "true",
            "False",
            "null",
            "~",
            "NaN",
            ".inf",
            "0440",
            "0o14",
            "0x1F",
            "1e3",
            "1_000",
            "1:30",
            "12",
            "-1",
            "+1",
            "1.5",
            ".5",
            "2026-01-02",
            "2026-01-02T03:04:05Z",
            "=",
            "<<",
            "- a",
            "? a",
            "a: b",
            "a:",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a`",
            "{a}",
            "[a]",
            "'a'",
            " a",
            "a ",
            "-",
            "--port",
            "$(A)",
            "0b11",
        ] {
            assert_eq!(scalar(text), format!("\"{text}\""), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_escaped() {
        assert_eq!(scalar("a\nb\t\"\\"), r#""a\nb\t\"\\""#);
        assert_eq!(
            scalar("\u{0}\u{85}\u{2028}\u{feff}\u{202e}\u{7f}"),
            r#""\u0000\u0085\u2028\ufeff\u202e\u007f""#
        );
        assert_eq!(scalar("ç 漢 🙂"), "\"ç 漢 🙂\"");
    }
}
