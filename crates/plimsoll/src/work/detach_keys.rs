//! `--detach-keys`: which keys leave a terminal without ending what runs in it.

use plimsoll_runtime::attach::DETACH_KEYS;

use crate::command_error::CommandError;

/// The value of `--detach-keys`.
pub fn of_flag(text: &str) -> Result<Vec<u8>, CommandError> {
    parse(text).map_err(|why| CommandError::usage(format!("--detach-keys: {why}")))
}

/// The bytes the keys type (moby/term, ToBytes): single characters and `ctrl-` combinations between
/// commas. Empty means docker's own.
fn parse(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(DETACH_KEYS.to_vec());
    }
    text.split(',').map(key).collect()
}

fn key(word: &str) -> Result<u8, String> {
    match (word, word.strip_prefix("ctrl-").map(str::as_bytes), word.as_bytes()) {
        ("DEL", ..) => Ok(0x7f),
        (_, Some([key @ (b'@'..=b'_' | b'a'..=b'z')]), _) if !key.is_ascii_uppercase() => Ok(key & 0x1f),
        (_, None, [character]) => Ok(*character),
        _ => Err(format!("'{word}' is no key: a character, or ctrl- and a letter or one of @ [ \\ ] ^ _")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(parse(""), Ok(vec![0x10, 0x11]));
        assert_eq!(parse("ctrl-p,ctrl-q"), Ok(vec![0x10, 0x11]));
        assert_eq!(parse("a,ctrl-@,ctrl-[,ctrl-_,DEL"), Ok(vec![b'a', 0, 0x1b, 0x1f, 0x7f]));
        for bad in ["ab", "ctrl-A", "ctrl-", "ctrl-ab", "ctrl-1", "a,", "é", ","] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
