//! Cache keys: a digest over everything a step's result depends on, and nothing else.
//!
//! A step sees the files below it, so its key starts with the digests of the layers, not with the
//! instructions that made them: changed metadata rebuilds no RUN, and a rebuilt stage with equal
//! files invalidates nothing that copies from it.
//!
//! What goes into a key has a name and is noted down beside the hash, so that a key that changed can
//! be explained; the hash is taken of the notes, so the two cannot drift apart. Names do not count: a
//! stage or an image that is called otherwise gives the same files.

use plimsoll_model::Digest;
use sha2::Digest as _;

/// Collects what a step depends on. Every part is length-prefixed, so no two lists of parts collide.
pub struct KeyHasher {
    hasher: sha2::Sha256,
    facts: Facts,
}

/// What a step depends on, in order: each fact as its name, the number of its parts, the parts; all
/// with their lengths as little-endian 32-bit numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    bytes: Vec<u8>,
    /// Some did not fit any more.
    cut: bool,
}

/// One thing a step depends on, as people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// `variable V`, `file src/a.c`.
    pub name: String,
    /// Its parts; for a file [`FILE_PARTS`].
    pub value: Vec<Vec<u8>>,
}

/// What the name of a file's fact begins with.
pub const FILE: &str = "file ";

/// What the parts of a file's fact are, in order.
pub const FILE_PARTS: [&str; 6] = ["path", "type", "mode", "owner", "attributes", "bytes"];

/// Facts are noted up to so many bytes, some 60,000 files; those beyond still count for the key.
const MOST: usize = 8 << 20;

/// Changes when the meaning of a step's result changes.
const VERSION: &str = "plimsoll step 2";

impl KeyHasher {
    /// A key for this kind of step.
    pub fn new(kind: &str) -> Self {
        let mut hasher = sha2::Sha256::new();
        for word in [VERSION, kind] {
            hasher.update((word.len() as u64).to_le_bytes());
            hasher.update(word);
        }
        KeyHasher { hasher, facts: Facts::default() }
    }

    /// Depend on these parts, for people called `kind` and `name` in one word.
    pub fn fact<'p>(&mut self, kind: &str, name: &[u8], parts: impl IntoIterator<Item = &'p [u8]>) {
        let notes = &mut self.facts.bytes;
        let start = notes.len();
        put_length(notes, kind.len() + name.len());
        notes.extend_from_slice(kind.as_bytes());
        notes.extend_from_slice(name);
        let count_at = notes.len();
        put_length(notes, 0);
        let mut count = 0u32;
        for part in parts {
            put_length(notes, part.len());
            notes.extend_from_slice(part);
            count += 1;
        }
        notes[count_at..count_at + 4].copy_from_slice(&count.to_le_bytes());
        self.hasher.update(&notes[count_at..]);
        if notes.len() > MOST {
            notes.truncate(start);
            self.facts.cut = true;
        }
    }

    /// The same with texts.
    pub fn texts<'t>(&mut self, kind: &str, name: &str, texts: impl IntoIterator<Item = &'t str>) {
        self.fact(kind, name.as_bytes(), texts.into_iter().map(str::as_bytes));
    }

    /// The key, and what it depends on.
    pub fn finish(self) -> (Digest, Facts) {
        (Digest::from_raw(self.hasher.finalize().into()), self.facts)
    }
}

fn put_length(notes: &mut Vec<u8>, length: usize) {
    notes.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
}

impl Facts {
    /// As they are kept; the first byte says whether some are missing.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [&[u8::from(self.cut)], self.bytes.as_slice()].concat()
    }

    /// What [`Facts::to_bytes`] gave.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Facts> {
        let (cut, bytes) = bytes.split_first()?;
        Some(Facts { bytes: bytes.to_vec(), cut: *cut != 0 })
    }

    /// Whether some are missing at the end.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// One after the other; damaged ones end it.
    pub fn list(&self) -> impl Iterator<Item = Fact> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let name = String::from_utf8_lossy(take(&mut rest)?).into_owned();
            let count = take_length(&mut rest)?;
            let value = (0..count).map(|_| Some(take(&mut rest)?.to_vec())).collect::<Option<_>>()?;
            Some(Fact { name, value })
        })
    }
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let (length, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_le_bytes(*length) as usize)
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = take_length(rest)?;
    let (part, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(facts: &[&[&str]]) -> (Digest, Facts) {
        let mut hasher = KeyHasher::new("x");
        facts.iter().for_each(|texts| hasher.texts("variable ", "V", texts.iter().copied()));
        hasher.finish()
    }

    #[test]
    fn no_two_lists_of_parts_collide() {
        let lists: [&[&[&str]]; 8] = [
            &[],
            &[&[]],
            &[&[""]],
            &[&["ab"]],
            &[&["a", "b"]],
            &[&["", "ab"]],
            &[&["a"], &["b"]],
            &[&["a", "b"], &[]],
        ];
        let keys = lists.map(|list| hashed(list).0);
        for (at, one) in keys.iter().enumerate() {
            assert!(keys[at + 1..].iter().all(|other| other != one));
        }
    }

    #[test]
    fn facts_are_kept_and_damage_ends_them() {
        let (_, facts) = hashed(&[&["1"], &["2", "3"]]);
        let fact = |value: &[&str]| Fact {
            name: "variable V".to_string(),
            value: value.iter().map(|text| text.as_bytes().to_vec()).collect(),
        };
        let bytes = facts.to_bytes();
        let back = Facts::from_bytes(&bytes).unwrap();
        assert_eq!(back.list().collect::<Vec<_>>(), [fact(&["1"]), fact(&["2", "3"])]);
        for end in 1..bytes.len() {
            assert!(Facts::from_bytes(&bytes[..end]).unwrap().list().count() < 2, "cut at {end}");
        }
        assert_eq!(Facts::from_bytes(b""), None);
    }

    #[test]
    fn names_do_not_count() {
        let key = |name: &str| {
            let mut hasher = KeyHasher::new("x");
            hasher.texts(name, "", ["a"]);
            hasher.finish().0
        };
        assert_eq!(key("the stage one"), key("the base image two"));
    }

    #[test]
    fn what_is_not_noted_counts_all_the_same() {
        let key = |last: &str| {
            let mut hasher = KeyHasher::new("x");
            hasher.fact(FILE, b"large", [vec![0; MOST].as_slice()]);
            hasher.texts("the user", "", [last]);
            hasher.finish()
        };
        let ((one, facts), (other, _)) = (key("a"), key("b"));
        assert!(one != other && facts.is_cut());
        assert_eq!(facts.list().count(), 1);
    }
}
