//! The comment at the head of a rule's file, cut out while compiling: the program carries manuals, not code.

/// Bytes of the lines at the beginning of a text that begin with `//!`.
pub const fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 2 < bytes.len() && bytes[at] == b'/' && bytes[at + 1] == b'/' && bytes[at + 2] == b'!' {
        while at < bytes.len() && bytes[at] != b'\n' {
            at += 1;
        }
        if at < bytes.len() {
            at += 1;
        }
    }
    at
}

/// The first bytes of a text. A slice of it would keep all of it in the program.
pub const fn first<const N: usize>(text: &str) -> [u8; N] {
    let mut copy = [0; N];
    let mut at = 0;
    while at < N {
        copy[at] = text.as_bytes()[at];
        at += 1;
    }
    copy
}

/// What was copied up to the end of a line.
///
/// # Panics
/// While compiling, where the copy ends inside a character.
pub const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a comment ends where a line ends"),
    }
}

/// The manual in such a comment: Markdown, without the title.
pub fn manual(comment: &str) -> String {
    let lines = comment.lines().map_while(|line| line.strip_prefix("//!")).skip(2);
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_and_nothing_else() {
        for (file, comment) in [
            ("//! # ä\n//!\n//! b\n\nuse c;\n//! no\n", "//! # ä\n//!\n//! b\n"),
            ("//! a", "//! a"),
            ("use c;\n", ""),
            ("//", ""),
            ("", ""),
        ] {
            assert_eq!(&file[..length(file)], comment);
        }
        assert_eq!(text(&first::<4>("//!\nfn")), "//!\n");
        assert_eq!(manual("//! # X\n//!\n//! a\n//!\n//!   b\n"), "a\n\n  b");
    }
}
