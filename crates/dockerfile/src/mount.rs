//! The value of `RUN --mount`: fields separated by commas (BuildKit
//! `instructions/commands_runmount.go`).

use plimsoll_model::Span;

use crate::problems::{Problems, did_you_mean, nearest};
use crate::syntax::Text;

const KEYS: &[&str] = &[
    "type",
    "from",
    "source",
    "src",
    "target",
    "dst",
    "destination",
    "readonly",
    "ro",
    "readwrite",
    "rw",
    "required",
    "size",
    "id",
    "sharing",
    "mode",
    "uid",
    "gid",
    "env",
];
const BARE_KEYS: &[&str] = &["readonly", "ro", "readwrite", "rw", "required"];
/// What `--mount=type=` may say.
pub const MOUNT_TYPES: &[&str] = &["bind", "cache", "tmpfs", "secret", "ssh"];
const SHARING: &[&str] = &["shared", "private", "locked"];

/// The fields of a mount as `(key, value)`, keys in lower case; a bare key has no value. Values may
/// hold variables. Fields with commas stand in double quotes, as in CSV.
pub fn mount_fields(value: &str) -> Vec<(String, Option<String>)> {
    let field = |field: String| match field.split_once('=') {
        Some((key, value)) => (key.to_ascii_lowercase(), Some(value.to_string())),
        None => (field.to_ascii_lowercase(), None),
    };
    csv_fields(value).into_iter().map(field).collect()
}

fn csv_fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let field_is_empty = fields.last().is_some_and(String::is_empty);
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => push(&mut fields, '"'),
            '"' if quoted => quoted = false,
            '"' if field_is_empty => quoted = true,
            ',' if !quoted => fields.push(String::new()),
            c => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(field) = fields.last_mut() {
        field.push(c);
    }
}

/// Report keys and words no mount knows. Values with variables are left to the build.
pub(crate) fn check(value: &Text, problems: &mut Problems) {
    for (key, field) in mount_fields(&value.text) {
        check_field(&key, field.as_deref(), value.span, problems);
    }
}

fn check_field(key: &str, value: Option<&str>, span: Span, problems: &mut Problems) {
    if !KEYS.contains(&key) {
        let near = did_you_mean(&nearest(key, KEYS));
        problems.error("PL015", span, format!("unknown key '{key}' of --mount{near}"));
        return;
    }
    let Some(value) = value else {
        if !BARE_KEYS.contains(&key) {
            problems.error("PL015", span, format!("key '{key}' of --mount needs a value: {key}=..."));
        }
        return;
    };
    let variable = value.contains('$');
    let known = match key {
        "from" if variable => {
            let message = "from= of --mount takes no variables";
            problems
                .error("PL015", span, message)
                .note("give the image a name with `FROM $image AS name` and write from=name");
            return;
        }
        "type" => MOUNT_TYPES,
        "sharing" => SHARING,
        _ => return,
    };
    if !variable && !known.contains(&value.to_ascii_lowercase().as_str()) {
        let near = did_you_mean(&nearest(value, known));
        let message = format!("'{value}' is no {key} of --mount: {} were expected{near}", known.join(", "));
        problems.error("PL015", span, message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Source;

    fn complaints(text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let mut problems = Problems::new(&source);
        check(&Text { text: text.to_string(), span: Span::new(0, text.len()) }, &mut problems);
        problems.list.into_iter().map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn fields_are_read_as_csv() {
        let field = |key: &str, value: Option<&str>| (key.to_string(), value.map(str::to_string));
        assert_eq!(
            mount_fields("type=bind,\"src=a,\"\"b\",RW,target=$X"),
            [
                field("type", Some("bind")),
                field("src", Some("a,\"b")),
                field("rw", None),
                field("target", Some("$X"))
            ]
        );
    }

    #[test]
    fn unknown_words_are_reported() {
        assert_eq!(complaints("type=cache,target=/x,sharing=locked,id=a,mode=0755,rw"), [""; 0]);
        assert_eq!(complaints("type=$T,target=/x"), [""; 0]);
        assert_eq!(
            complaints("type=chache,taget=/x,id"),
            [
                "'chache' is no type of --mount: bind, cache, tmpfs, secret, ssh were expected; did you mean 'cache'?",
                "unknown key 'taget' of --mount; did you mean 'target'?",
                "key 'id' of --mount needs a value: id=...",
            ]
        );
        assert_eq!(complaints("from=$X,target=/x"), ["from= of --mount takes no variables"]);
    }
}
