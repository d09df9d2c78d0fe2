//! Words whose quotes and escapes stay for the expander (BuildKit `parser/line_parsers.go`
//! parseWords): the pieces of ENV, LABEL and ARG.

use crate::lines::Fragment;

/// Split on blanks outside quotes. A lone escape character at the end of the text is dropped.
pub(crate) fn split<'a>(fragment: Fragment<'a>, escape: char) -> Vec<Fragment<'a>> {
    let text = fragment.as_str();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut end = 0;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|start| fragment.part(start, at)));
            continue;
        }
        let begin = *start.get_or_insert(at);
        end = at + c.len_utf8();
        if c == escape && quote != Some('\'') {
            match chars.next() {
                Some((at, escaped)) => end = at + escaped.len_utf8(),
                None => end = at,
            }
            if end == begin {
                start = None;
            }
        } else if quote == Some(c) {
            quote = None;
        } else if quote.is_none() && matches!(c, '"' | '\'') {
            quote = Some(c);
        }
    }
    words.extend(start.map(|start| fragment.part(start, end)));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Lines;
    use plimsoll_model::Source;

    fn words(text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let line = Lines::new(&source).next_logical().unwrap();
        split(line.whole(), '\\').iter().map(|word| word.as_str().to_string()).collect()
    }

    #[test]
    fn quotes_and_escapes_hold_words_together() {
        assert_eq!(words("a=b c=\"d e\" f='g h'"), ["a=b", "c=\"d e\"", "f='g h'"]);
        assert_eq!(words(r#"a=b\ c d="e\" f" g='h\'"#), [r"a=b\ c", r#"d="e\" f""#, r"g='h\'"]);
        assert_eq!(words("a=\"b c"), ["a=\"b c"]);
        assert_eq!(words("a b`"), ["a", "b`"]);
    }
}
