//! Words of a script with the parameters it is given put in.

use plimsoll_dockerfile::shell::{SimpleCommand, Word};

/// The words of a command with `"$@"` replaced; other expansions stay as written.
pub fn argv(command: &SimpleCommand, args: &[String]) -> Vec<String> {
    let mut argv = Vec::new();
    for word in &command.words {
        match word.raw.as_str() {
            "\"$@\"" | "$@" | "\"${@}\"" | "${@}" | "$*" | "${*}" | "${1+\"$@\"}" => {
                argv.extend(args.iter().cloned());
            }
            _ => argv.push(value(word, args).unwrap_or_else(|| word.raw.clone())),
        }
    }
    argv
}

/// The value of a word: a literal, or one of the parameters a script is given.
pub(super) fn value(word: &Word, args: &[String]) -> Option<String> {
    if let Some(literal) = &word.literal {
        return Some(literal.clone());
    }
    let raw = word.raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(&word.raw);
    let first = args.first().map_or("", String::as_str);
    if raw == "$#" {
        return Some(args.len().to_string());
    }
    let inner = match raw.strip_prefix("${").and_then(|raw| raw.strip_suffix('}')) {
        Some(inner) => inner,
        None => raw.strip_prefix('$')?,
    };
    match inner {
        "1" | "1:-" | "1-" => Some(first.to_string()),
        "1:0:1" => Some(first.chars().take(1).collect()),
        cut if cut.starts_with("1#") && plain(&cut[2..]) => {
            Some(first.strip_prefix(&cut[2..]).unwrap_or(first).to_string())
        }
        cut if cut.starts_with("1%") && plain(&cut[2..]) => {
            Some(first.strip_suffix(&cut[2..]).unwrap_or(first).to_string())
        }
        _ => None,
    }
}

/// A pattern that means itself.
fn plain(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}
