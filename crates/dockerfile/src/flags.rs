//! `--name=value` before an instruction's arguments (BuildKit `parser/split_command.go`,
//! `instructions/bflag.go`).

use crate::lines::Fragment;
use crate::problems::{Problems, did_you_mean, nearest};
use crate::syntax::{Flag, Text};

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing, `true` or `false`.
    Bool,
    /// One value, once.
    One,
    /// A value each time it is given.
    Many,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

/// The flags an instruction knows.
pub(crate) type Known = &'static [(&'static str, Takes)];

/// The flags of each instruction; none for those not listed.
pub(crate) fn known(instruction: &str) -> Known {
    use Takes::{Bool, Many, One, OneOf};
    match instruction {
        "FROM" => &[("platform", One)],
        "RUN" => &[
            ("mount", Many),
            ("network", OneOf(&["default", "none", "host"])),
            ("security", OneOf(&["sandbox", "insecure"])),
            ("device", Many),
        ],
        "COPY" => &[
            ("from", One),
            ("chown", One),
            ("chmod", One),
            ("link", Bool),
            ("parents", Bool),
            ("exclude", Many),
        ],
        "ADD" => &[
            ("chown", One),
            ("chmod", One),
            ("link", Bool),
            ("checksum", One),
            ("unpack", Bool),
            ("keep-git-dir", Bool),
            ("exclude", Many),
        ],
        "HEALTHCHECK" => &[
            ("interval", One),
            ("timeout", One),
            ("start-period", One),
            ("start-interval", One),
            ("retries", One),
        ],
        _ => &[],
    }
}

/// The names of the flags that an instruction (upper case) knows, without dashes.
pub fn flags_of(instruction: &str) -> impl Iterator<Item = &'static str> {
    known(instruction).iter().map(|(name, _)| *name)
}

/// A flag before it is checked, with the offset of its fragment's `=`.
struct RawFlag<'a> {
    fragment: Fragment<'a>,
    /// Quotes and backslashes removed, dashes kept.
    text: String,
}

/// The flags at the start of a text, and the arguments behind them. Quotes and backslashes are
/// removed from the flags' texts, as the builder does before it looks at values.
pub(crate) fn split<'a>(arguments: Fragment<'a>) -> (Vec<Flag>, Fragment<'a>) {
    let mut flags = Vec::new();
    let mut rest = arguments.trim();
    while rest.as_str().starts_with("--") {
        let (raw, after) = flag_word(rest);
        rest = after.trim();
        if raw.text == "--" {
            break;
        }
        flags.push(flag(raw));
    }
    (flags, rest)
}

fn flag_word<'a>(rest: Fragment<'a>) -> (RawFlag<'a>, Fragment<'a>) {
    let mut text = String::new();
    let mut quote = None;
    let mut end = rest.len();
    let mut chars = rest.as_str().char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => {
                end = at;
                break;
            }
            None if matches!(c, '"' | '\'') => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ if c == '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => text.push(c),
        }
    }
    (RawFlag { fragment: rest.part(0, end), text }, rest.from(end))
}

fn flag(raw: RawFlag<'_>) -> Flag {
    let name_and_value = &raw.text[2..];
    let equals = raw.fragment.as_str().find('=').map_or(raw.fragment.len(), |at| at + 1);
    let (name, value) = match name_and_value.split_once('=') {
        Some((name, value)) => {
            let span = raw.fragment.from(equals).span();
            (name, Some(Text { text: value.to_string(), span }))
        }
        None => (name_and_value, None),
    };
    Flag { name: name.to_lowercase(), value, span: raw.fragment.span() }
}

/// Check flags against what the instruction knows; all of them are reported.
pub(crate) fn check(instruction: &str, flags: &[Flag], problems: &mut Problems) {
    let known = known(instruction);
    for (index, flag) in flags.iter().enumerate() {
        let Some((_, takes)) = known.iter().find(|(name, _)| *name == flag.name) else {
            unknown(instruction, flag, known, problems);
            continue;
        };
        let twice = flags[..index].iter().any(|earlier| earlier.name == flag.name);
        if twice && *takes != Takes::Many {
            problems.error("PL003", flag.span, format!("flag --{} is given twice", flag.name));
            continue;
        }
        if let Some(message) = wrong_value(flag, *takes) {
            problems.error("PL003", flag.span, message);
        }
    }
}

fn unknown(instruction: &str, flag: &Flag, known: Known, problems: &mut Problems) {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let near = nearest(&flag.name, &names).map(|name| format!("--{name}"));
    let message = format!("unknown flag '--{}' of {instruction}{}", flag.name, did_you_mean(&near));
    let report = problems.error("PL002", flag.span, message);
    if near.is_some() {
        return;
    }
    if matches!(instruction, "CMD" | "ENTRYPOINT") {
        report.note(format!(
            "{instruction} takes no flags; to pass this to the program write {instruction} [\"--{}\", ...]",
            flag.name
        ));
    } else if known.is_empty() {
        report.note(format!("{instruction} takes no flags"));
    } else {
        report.note(format!("{instruction} knows --{}", names.join(", --")));
    }
}

fn wrong_value(flag: &Flag, takes: Takes) -> Option<String> {
    let name = &flag.name;
    let value = flag.value.as_ref().map(|value| value.text.as_str());
    match (takes, value) {
        (Takes::Bool, None) => None,
        (Takes::Bool, Some(value)) if matches!(value.to_ascii_lowercase().as_str(), "true" | "false") => None,
        (Takes::Bool, Some(value)) => Some(format!("flag --{name} is true or false, not '{value}'")),
        (_, None) => Some(format!("flag --{name} needs a value: --{name}=...")),
        (Takes::OneOf(words), Some(value)) if !words.contains(&value) => {
            let near = did_you_mean(&nearest(value, words));
            Some(format!("'{value}' is no value of --{name}: {} were expected{near}", words.join(", ")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Lines;
    use plimsoll_model::Source;

    fn split_text(text: &str) -> (Vec<(String, Option<String>)>, String) {
        let source = Source::new("f", text);
        let line = Lines::new(&source).next_logical().unwrap();
        let (flags, rest) = split(line.whole());
        let flags = flags.into_iter().map(|f| (f.name, f.value.map(|v| v.text))).collect();
        (flags, rest.as_str().to_string())
    }

    fn complaints(instruction: &str, text: &str) -> Vec<String> {
        let source = Source::new("f", text);
        let line = Lines::new(&source).next_logical().unwrap();
        let mut problems = Problems::new(&source);
        check(instruction, &split(line.whole()).0, &mut problems);
        problems.list.into_iter().map(|diagnostic| diagnostic.message).collect()
    }

    #[test]
    fn flags_end_at_the_first_other_word_or_at_two_dashes() {
        let flag = |name: &str, value: Option<&str>| (name.to_string(), value.map(str::to_string));
        assert_eq!(
            split_text("--a=1 --B --c=\"x y\\\" z\" d --e"),
            (vec![flag("a", Some("1")), flag("b", None), flag("c", Some("x y\" z"))], "d --e".into())
        );
        assert_eq!(split_text("--a -- --b"), (vec![flag("a", None)], "--b".into()));
        assert_eq!(split_text("-a b"), (vec![], "-a b".into()));
        assert_eq!(split_text("--"), (vec![], "".into()));
        assert_eq!(split_text("--a=b=c"), (vec![flag("a", Some("b=c"))], "".into()));
    }

    #[test]
    fn wrong_flags_are_all_reported() {
        assert_eq!(
            complaints("COPY", "--form=x --link=maybe --chown --chmod=1 --chmod=2 --from=a"),
            [
                "unknown flag '--form' of COPY; did you mean '--from'?",
                "flag --link is true or false, not 'maybe'",
                "flag --chown needs a value: --chown=...",
                "flag --chmod is given twice",
            ]
        );
        assert_eq!(complaints("COPY", "--exclude=a --exclude=b --link --parents=TRUE"), [""; 0]);
        assert_eq!(complaints("ADD", "--from=a")[0], "unknown flag '--from' of ADD");
        assert_eq!(
            complaints("RUN", "--network=hots"),
            ["'hots' is no value of --network: default, none, host were expected; did you mean 'host'?"]
        );
        assert_eq!(complaints("CMD", "--port"), ["unknown flag '--port' of CMD"]);
    }
}
