//! `$(NAME)` in command, args and probes is replaced by the kubelet before the program starts
//! (k8s third_party/forked/golang/expansion): words that must arrive as they are need escapes.

/// The word that the kubelet turns into `word`: every `$` that would be read with its successor, as
/// `$$` or `$(`, is doubled. Without this, `$$` of a shell line loses its meaning of the shell's pid.
pub fn verbatim(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars().peekable();
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '$' && matches!(chars.peek(), Some('$' | '(')) {
            out.push('$');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kubelet makes of a word when it knows no variable.
    fn expand(word: &str) -> String {
        let mut out = String::new();
        let mut rest = word;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.chars().next() {
                Some('$') => {
                    out.push('$');
                    rest = &rest[1..];
                }
                Some('(') if rest.contains(')') => {
                    let end = rest.find(')').unwrap() + 1;
                    out.push_str("EXPANDED");
                    rest = &rest[end..];
                }
                _ => out.push('$'),
            }
        }
        out + rest
    }

    #[test]
    fn words_arrive_as_they_are() {
        for word in
            ["a", "$A ${A}", "$$", "kill $$ $(cat /run/pid)", "$$(a)", "$$$", "a$", "$(", "$$$(b)$$$$"]
        {
            assert_eq!(expand(&verbatim(word)), word, "{word}");
        }
        assert_eq!(expand("$(a)"), "EXPANDED");
        assert_eq!(verbatim("$(a) $A"), "$$(a) $A");
    }
}
