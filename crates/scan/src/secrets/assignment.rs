//! `NAME=value` where the name says that the value is a secret.

use super::Hit;

const NAMES: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
    "CREDENTIAL",
    "_AUTH",
];

/// Names that end so speak about a secret, they do not hold it.
const ABOUT: &[&str] = &[
    "_FILE",
    "_PATH",
    "_DIR",
    "_URL",
    "_URI",
    "_NAME",
    "_ID",
    "_TTL",
    "_EXPIRY",
    "_LENGTH",
    "_TYPE",
    "_ENABLED",
    "_REQUIRED",
    "_ALGORITHM",
    "_SECONDS",
    "_HEADER",
    "_METHOD",
];

/// Judge one name with its value.
pub(super) fn judge(name: &str, value: &str, line: usize) -> Option<Hit> {
    let upper: String = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let speaks =
        NAMES.iter().any(|part| upper.contains(part)) && !ABOUT.iter().any(|end| upper.ends_with(end));
    let value = value.trim().trim_matches(['"', '\'']);
    if !speaks || !is_value(value) {
        return None;
    }
    let kind = match upper {
        name if name.contains("PASS") => "password",
        name if name.contains("TOKEN") || name.contains("AUTH") => "token",
        name if name.contains("KEY") => "key",
        _ => "secret",
    };
    let shown = format!("{name}=… ({} characters)", value.chars().count());
    Some(Hit { kind, line, value: value.to_string(), shown })
}

/// Variables, paths, switches and blanks to be filled in are no secrets.
fn is_value(value: &str) -> bool {
    let switches = ["true", "false", "yes", "no", "none", "null", "on", "off"];
    value.chars().count() >= 3
        && !value.starts_with(['$', '/', '<', '{', '%'])
        && !switches.contains(&value.to_ascii_lowercase().as_str())
        && !value.chars().all(|char| matches!(char, 'x' | 'X' | '*' | '.' | '-' | '_'))
}

/// Assignments of a credentials file: `name = value`, `name: value`, `"name": "value"`, and netrc's
/// `password value`.
pub(super) fn in_lines(text: &str) -> Vec<Hit> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with(['#', ';']));
    lines.filter_map(|(number, line)| in_line(line, number + 1)).collect()
}

fn in_line(line: &str, number: usize) -> Option<Hit> {
    let bare = line.trim().trim_start_matches("export ").trim_end_matches(',');
    if let Some(value) =
        bare.split_once("password ").map(|(_, value)| value.trim()).filter(|value| !value.starts_with('='))
    {
        return judge("password", value.split_whitespace().next().unwrap_or(""), number);
    }
    let (name, value) = match bare.split_once('=') {
        Some(parts) => parts,
        None => bare.split_once(':')?,
    };
    let name = name.trim().trim_matches('"');
    // npm writes `//registry/:_authToken=...`, docker `"auth": "..."`.
    let name = name.rsplit(':').next().unwrap_or(name);
    judge(if name == "auth" { "_auth" } else { name }, value, number)
}

/// Assignments among the words of a step's text, build arguments included (`|1 TOKEN=x /bin/sh ...`).
pub(super) fn in_words(text: &str) -> Vec<Hit> {
    let words = text.split_whitespace().filter_map(|word| word.split_once('='));
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    };
    words
        .filter(|(name, _)| is_name(name))
        .filter_map(|(name, value)| judge(name.trim_start_matches('-'), value, 0))
        .collect()
}
