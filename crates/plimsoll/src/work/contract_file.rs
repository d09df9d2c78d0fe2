//! `plimsoll.toml`, table `[contract]`: what a person expects of the proof. Found upwards from where we stand,
//! read with the place of every value, so that what is wrong is shown where it stands. Other tables of the file
//! are other verbs' business; only their names are checked.

mod values;

use std::path::{Path, PathBuf};

use plimsoll_contract::expect::{Expectation, Wanted};
use plimsoll_model::{Because, Reasoned, Source, Span, user};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::command_error::CommandError;
use crate::report::columns::fit;

/// The file's name.
pub const NAME: &str = "plimsoll.toml";

/// The tables that verbs read.
const TABLES: [&str; 5] = ["contract", "kube", "lint", "prove", "scan"];

/// The keys of `[contract]`.
const KEYS: [&str; 14] = [
    "capabilities",
    "exe",
    "group",
    "http",
    "launches",
    "listens-within",
    "memory-below",
    "pid1",
    "ports",
    "rungs",
    "stop",
    "user",
    "writes",
    "zombies",
];

/// The keys of `[contract.stop]`.
const STOP_KEYS: [&str; 4] = ["code", "graceful", "signal", "within"];

/// The file of a directory or of one above it, up to the root of the git tree. Outside of a git tree only the
/// directory itself counts: what lies above it may be anybody's.
pub fn find(directory: &Path) -> Option<PathBuf> {
    let mut tree: Vec<&Path> = Vec::new();
    for above in directory.ancestors() {
        tree.push(above);
        if above.join(".git").exists() {
            return tree.into_iter().map(|place| place.join(NAME)).find(|path| path.is_file());
        }
    }
    Some(directory.join(NAME)).filter(|path| path.is_file())
}

/// Whether a text has our table already. One that cannot be read may have it.
pub fn has_table(text: &str) -> bool {
    DeTable::parse(text).map_or(true, |document| document.get_ref().contains_key("contract"))
}

/// Read the expectations of a file.
pub fn load(path: &Path) -> Result<Vec<Expectation>, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let why = plimsoll_image::error::reason(&error);
        CommandError::usage(format!("cannot read {}: {why}", path.display()))
            .hint("plimsoll prove IMAGE --write-expect FILE writes one of what was proven")
    })?;
    read(&Source::new(path.display().to_string(), text))
        .map_err(|wrong| CommandError::usage(wrong.join("\nerror: ")))
}

/// Read the expectations of a text, in the order they stand there; or all that is wrong, one sentence each.
pub fn read(source: &Source) -> Result<Vec<Expectation>, Vec<String>> {
    let mut reader = Reader { source, found: Vec::new(), wrong: Vec::new() };
    match DeTable::parse(source.text()) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            reader.refuse(at, fit(error.message(), 200));
        }
    }
    if !reader.wrong.is_empty() {
        reader.wrong.sort();
        return Err(reader.wrong.into_iter().map(|(_, sentence)| sentence).collect());
    }
    reader.found.sort_by_key(|(at, _)| *at);
    Ok(reader.found.into_iter().map(|(_, expectation)| expectation).collect())
}

struct Reader<'a> {
    source: &'a Source,
    /// With where each begins.
    found: Vec<(usize, Expectation)>,
    wrong: Vec<(usize, String)>,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        for (key, value) in document {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match (name, value.get_ref()) {
                ("contract", DeValue::Table(table)) => self.contract(table),
                (name, DeValue::Table(_)) if TABLES.contains(&name) => {}
                (name, _) if TABLES.contains(&name) => {
                    self.refuse(at, format!("'{name}' is a table: write [{name}] on a line of its own"));
                }
                (name, _) => self.unknown(at, name, "table", &TABLES),
            }
        }
    }

    fn contract(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match name {
                "http" => self.each(name, value, |path, value| {
                    let path = values::path(path)?;
                    Ok(Wanted::Http { path, status: values::status(value)? })
                }),
                "rungs" => self.each(name, value, |word, value| {
                    Ok(Wanted::Rung { word: word.to_string(), holds: values::boolean(value)? })
                }),
                "launches" => self.each(name, value, |word, value| {
                    Ok(Wanted::Launch { word: word.to_string(), fate: values::fate(value)? })
                }),
                "stop" => self.stop(value),
                name if KEYS.contains(&name) => {
                    let read = values::plain(name, value.get_ref());
                    self.add(name.to_string(), at..value.span().end, value.span().start, read);
                }
                name => self.unknown(at, name, "key", &KEYS),
            }
        }
    }

    fn stop(&mut self, value: &Value<'_>) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.refuse(value.span().start, "'stop' is a table: stop.within = \"5s\"".to_string());
        };
        for (key, value) in table {
            let (at, name) = (key.span().start, key.get_ref().as_ref());
            match STOP_KEYS.contains(&name) {
                true => {
                    let read = values::stop(name, value.get_ref());
                    self.add(format!("stop.{name}"), at..value.span().end, value.span().start, read);
                }
                false => self.unknown(at, name, "key", &STOP_KEYS),
            }
        }
    }

    /// A table whose keys are names.
    fn each(
        &mut self,
        name: &str,
        value: &Value<'_>,
        read: impl Fn(&str, &DeValue<'_>) -> Result<Wanted, String>,
    ) {
        let DeValue::Table(table) = value.get_ref() else {
            let example = match name {
                "http" => "http.\"/healthz\" = 200",
                "rungs" => "rungs.read-only = true",
                _ => "launches.run-args = \"running\"",
            };
            return self.refuse(value.span().start, format!("'{name}' is a table: {example}"));
        };
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            let shown = if word.starts_with('/') { format!("{word:?}") } else { word.to_string() };
            let read = read(word, value.get_ref());
            self.add(format!("{name}.{shown}"), key.span().start..value.span().end, value.span().start, read);
        }
    }

    /// An expectation, or what its value should have been.
    fn add(
        &mut self,
        key: String,
        place: std::ops::Range<usize>,
        value_at: usize,
        read: Result<Wanted, String>,
    ) {
        match read {
            Ok(wanted) => {
                // A key of a dotted name may stand behind the end of what was read as its value.
                let span = Span::new(place.start, place.end.max(place.start));
                let because = Because::Written { source: self.source.clone(), span };
                let wanted = Reasoned::new(wanted, because);
                self.found.push((place.start, Expectation { key, wanted }));
            }
            Err(what) => self.refuse(value_at, format!("'{}' is {what}", shown(&key))),
        }
    }

    fn unknown(&mut self, at: usize, name: &str, kind: &str, known: &[&str]) {
        // Nothing this long is a slip of the finger.
        let near = (name.len() <= 64).then(|| user::nearest(name, known.iter())).flatten();
        let instead = match near {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("there are {}", known.join(", ")),
        };
        self.refuse(at, format!("there is no {kind} '{}'; {instead}", shown(name)));
    }

    fn refuse(&mut self, at: usize, why: String) {
        let (line, column) = self.source.line_col(at);
        self.wrong.push((at, format!("{}:{line}:{column}: {why}", self.source.name())));
    }
}

/// A name of the file as a message shows it.
fn shown(name: &str) -> String {
    fit(name, 60)
}

#[cfg(test)]
mod tests;
