//! Error numbers in words.

use rustix::io::Errno;

/// What an error number of the kernel means, as the end of a sentence.
pub(super) fn reason(errno: Errno) -> String {
    let text = std::io::Error::from(errno).to_string();
    // "No such file or directory (os error 2)": the number says nothing to people.
    let text = text.split(" (os error").next().unwrap_or(&text);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}
