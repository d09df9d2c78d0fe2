//! Why a step was built anew: the first thing that is not as it was the last time.
//!
//! Of every step built here the store keeps the facts behind its key (`facts/HEX`), and of every
//! Dockerfile the keys its steps had at the last build (`last/HEX`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use plimsoll_image::{Store, private_directory};
use plimsoll_model::Digest;
use sha2::Digest as _;

use crate::error::BuildError;
use crate::event::StepId;
use crate::key::{FILE, FILE_PARTS, Fact, Facts};

mod wire {
    use serde::{Deserialize, Serialize};

    /// Version of the record; others are not read.
    pub const VERSION: u32 = 1;

    #[derive(Serialize, Deserialize, PartialEq, Eq)]
    pub struct Last {
        pub version: u32,
        pub steps: Vec<Step>,
    }

    #[derive(Serialize, Deserialize, PartialEq, Eq)]
    pub struct Step {
        pub stage: usize,
        pub number: usize,
        pub text: String,
        pub key: String,
    }
}

/// A step as it was at one build.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    text: String,
    key: Digest,
}

/// What the last build of a Dockerfile found, and what this one does.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    last: BTreeMap<StepId, Known>,
    now: Mutex<BTreeMap<StepId, Known>>,
}

impl Memory {
    /// Recall the last build of what these words identify: the Dockerfile, the target, the platform.
    pub(crate) fn recall(store: &Store, identity: &[String]) -> Memory {
        let mut hasher = sha2::Sha256::new();
        for word in identity {
            hasher.update((word.len() as u64).to_le_bytes());
            hasher.update(word);
        }
        let name = Digest::from_raw(hasher.finalize().into());
        let path = store.root().join("last").join(name.hex());
        let last = read_last(&path).unwrap_or_default();
        Memory { path, last, now: Mutex::default() }
    }

    /// Note a step of this build.
    pub(crate) fn note(&self, step: StepId, text: &str, key: Digest) {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.insert(step, Known { text: text.to_string(), key });
    }

    /// Why the result of a step with these facts was not known.
    pub(crate) fn reason(
        &self,
        store: &Store,
        step: StepId,
        text: &str,
        key: &Digest,
        facts: &Facts,
    ) -> String {
        if self.last.is_empty() {
            return "this Dockerfile was not built here before".to_string();
        }
        let same_stage = || self.last.iter().filter(|(id, _)| id.stage == step.stage);
        let at_its_place = self.last.get(&step);
        let same_text = at_its_place
            .filter(|known| known.text == text)
            .or_else(|| same_stage().map(|(_, known)| known).find(|known| known.text == text));
        match (same_text, at_its_place) {
            (Some(known), _) if known.key == *key => "its result is no longer in the cache".to_string(),
            (Some(known), _) => match read_facts(store, &known.key) {
                Some(before) => first_change(&before, facts),
                None => "it is not recorded what it was built from before".to_string(),
            },
            (None, Some(other)) => format!("the instruction was '{}'", other.text),
            (None, None) => "the instruction is new".to_string(),
        }
    }

    /// Keep what this build found for the next one. Nothing is written if nothing changed.
    pub(crate) fn keep(&self, store: &Store) -> Result<(), BuildError> {
        let mut steps = self.last.clone();
        steps.extend(self.now.lock().unwrap_or_else(PoisonError::into_inner).clone());
        if steps == self.last {
            return Ok(());
        }
        let step = |(id, known): (StepId, Known)| wire::Step {
            stage: id.stage,
            number: id.number,
            text: known.text,
            key: known.key.to_string(),
        };
        let record = wire::Last { version: wire::VERSION, steps: steps.into_iter().map(step).collect() };
        let bytes = serde_json::to_vec(&record).expect("a record of strings and numbers is always written");
        write(store, &self.path, &bytes)
    }
}

/// Remember the facts behind a key.
pub(crate) fn record(store: &Store, key: &Digest, facts: Facts) -> Result<(), BuildError> {
    write(store, &facts_path(store, key), &facts.to_bytes())
}

/// Forget the facts of steps that are no longer in the cache.
pub(crate) fn forget(store: &Store, key: &Digest) {
    // What explains a key that nobody asks for any more is of no use; that it is gone already is fine.
    let _ = fs::remove_file(facts_path(store, key));
}

/// Forget the facts of all steps, and what the last builds found.
pub(crate) fn forget_all(store: &Store) {
    for name in ["facts", "last"] {
        for entry in fs::read_dir(store.root().join(name)).into_iter().flatten().flatten() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn facts_path(store: &Store, key: &Digest) -> PathBuf {
    store.root().join("facts").join(key.hex())
}

fn read_facts(store: &Store, key: &Digest) -> Option<Facts> {
    Facts::from_bytes(&fs::read(facts_path(store, key)).ok()?)
}

fn read_last(path: &std::path::Path) -> Option<BTreeMap<StepId, Known>> {
    let record: wire::Last = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let known = |step: wire::Step| {
        let key = step.key.parse().ok()?;
        Some((StepId { stage: step.stage, number: step.number }, Known { text: step.text, key }))
    };
    (record.version == wire::VERSION).then(|| record.steps.into_iter().filter_map(known).collect())
}

fn write(store: &Store, path: &std::path::Path, bytes: &[u8]) -> Result<(), BuildError> {
    let failed =
        |source| BuildError::File { doing: "cannot write", path: path.display().to_string(), source };
    if let Some(parent) = path.parent() {
        private_directory(parent).map_err(failed)?;
    }
    let mut file = tempfile::NamedTempFile::new_in(store.root().join("tmp")).map_err(failed)?;
    std::io::Write::write_all(&mut file, bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The first fact that is not as it was, in words.
fn first_change(before: &Facts, now: &Facts) -> String {
    let earlier: BTreeMap<String, Fact> = before.list().map(|fact| (fact.name.clone(), fact)).collect();
    let mut met = BTreeSet::new();
    for fact in now.list() {
        match earlier.get(&fact.name) {
            Some(old) if old.value != fact.value => return change(old, &fact),
            Some(_) => drop(met.insert(fact.name)),
            None => return format!("{} is new", bare(&fact.name)),
        }
    }
    match before.list().find(|old| !met.contains(&old.name)) {
        Some(gone) => format!("{} is gone", bare(&gone.name)),
        None if now.is_cut() => "one of very many files changed".to_string(),
        None => "the order of what it depends on changed".to_string(),
    }
}

/// A file is called by its path alone.
fn bare(name: &str) -> &str {
    name.strip_prefix(FILE).unwrap_or(name)
}

/// Values longer than this are not shown.
const SHOWN: usize = 40;

fn change(before: &Fact, now: &Fact) -> String {
    let name = bare(&now.name);
    if now.name.starts_with(FILE) {
        let part = FILE_PARTS.iter().zip(before.value.iter().zip(&now.value)).find(|(_, (a, b))| a != b);
        return format!("{name}: {} changed", part.map_or("something", |(part, _)| part));
    }
    let same_length = before.value.len() == now.value.len();
    let mut differing = before.value.iter().zip(&now.value).filter(|(old, new)| old != new);
    match (differing.next(), differing.next()) {
        (Some((old, new)), None) if same_length && old.len() <= SHOWN && new.len() <= SHOWN => {
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            format!("{name}: '{}' -> '{}'", text(old), text(new))
        }
        _ => format!("{name} changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyHasher;

    fn facts(list: &[(&str, &[&str])]) -> Facts {
        let mut hasher = KeyHasher::new("x");
        list.iter().for_each(|(name, value)| hasher.texts(name, "", value.iter().copied()));
        hasher.finish().1
    }

    #[test]
    fn the_first_change_is_named() {
        let arg = |value: &str| facts(&[("variable V", &["V", value])]);
        let nothing = facts(&[]);
        assert_eq!(first_change(&arg("1"), &arg("2")), "variable V: '1' -> '2'");
        assert_eq!(first_change(&arg("1"), &arg(&"x".repeat(50))), "variable V changed");
        assert_eq!(first_change(&nothing, &arg("1")), "variable V is new");
        assert_eq!(first_change(&arg("1"), &nothing), "variable V is gone");
        let file =
            |bytes: &str, mode: &str| facts(&[("file src/a.c", &["a.c", "file", mode, "0:0", "", bytes])]);
        assert_eq!(first_change(&file("a", "644"), &file("b", "644")), "src/a.c: bytes changed");
        assert_eq!(first_change(&file("a", "644"), &file("a", "755")), "src/a.c: mode changed");
        assert_eq!(first_change(&nothing, &file("a", "755")), "src/a.c is new");
    }
}
