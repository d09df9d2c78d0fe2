//! Error numbers in words.

use std::io;

use rustix::io::Errno;

/// What an error number of the kernel means, as the end of a sentence.
pub(crate) fn reason(errno: Errno) -> String {
    in_words(&errno.into())
}

/// What an error means, as the end of a sentence.
pub(crate) fn in_words(error: &io::Error) -> String {
    let text = error.to_string();
    // "No such file or directory (os error 2)": the number says nothing to people.
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
