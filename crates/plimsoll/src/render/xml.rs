//! Text for XML.

/// Text of an element or an attribute; what XML 1.0 cannot hold is replaced.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(c),
            '\r' => {}
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_breaks_the_document() {
        assert_eq!(escape("<a b=\"c&d\">\u{1b}[0m\r\n"), "&lt;a b=&quot;c&amp;d&quot;&gt;\u{fffd}[0m\n");
    }
}
