//! The words of a command line: blanks part them, single and double quotes keep them together, and no
//! other character means anything.

/// The words of a line.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    assert!(quote.is_none(), "a quote stays open: {line}");
    words.extend(word);
    words
}

#[test]
fn quotes_keep_words_together() {
    assert_eq!(split("run  bb"), ["run", "bb"]);
    assert_eq!(split("sh -c 'echo \"$A\"' --x=\"a b\""), ["sh", "-c", "echo \"$A\"", "--x=a b"]);
    assert_eq!(split("--entrypoint '' bb"), ["--entrypoint", "", "bb"]);
}
