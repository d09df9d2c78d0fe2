//! What differs between two images that should be the same: the first file, and how.

use std::fmt;

use plimsoll_image::history::history;
use plimsoll_image::layer::{EntryKind, IndexEntry};
use plimsoll_image::{Image, Store};

use crate::error::BuildError;

/// The first difference of two images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Position of the step in the image's history.
    pub step: usize,
    /// The file that differs; `None`: one image has a layer more, or configurations differ.
    pub path: Option<String>,
    /// How, in a few words.
    pub how: How,
}

/// How a file differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// Only one build made it.
    OnlyOnce,
    /// Other bytes.
    Bytes,
    /// Something that is not bytes: `mode 644 and 755`.
    Attribute(String),
    /// The step made a layer in one build only.
    NoLayer,
    /// The configuration is another.
    Configuration,
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            How::OnlyOnce => "was made by one of the two builds only",
            How::Bytes => "has other bytes",
            How::Attribute(what) => return write!(f, "has {what}"),
            How::NoLayer => "the step changed files in one of the two builds only",
            How::Configuration => "the configurations differ",
        })
    }
}

/// The first difference between two builds of the same Dockerfile; `None` if they are the same image.
pub fn compare(store: &Store, one: &Image, other: &Image) -> Result<Option<Difference>, BuildError> {
    if one.manifest_digest == other.manifest_digest {
        return Ok(None);
    }
    for (step, (first, second)) in history(one).iter().zip(&history(other)).enumerate() {
        let (first, second) = match (&first.layer, &second.layer) {
            (Some((_, first)), Some((_, second))) if first != second => (first, second),
            (Some(_), None) | (None, Some(_)) => {
                return Ok(Some(Difference { step, path: None, how: How::NoLayer }));
            }
            _ => continue,
        };
        let (first, second) = (store.layer_index(first)?, store.layer_index(second)?);
        if let Some((path, how)) = first_difference(first.entries(), second.entries()) {
            let path = Some(String::from_utf8_lossy(&path).into_owned());
            return Ok(Some(Difference { step, path, how }));
        }
    }
    let step = one.config.history.len().saturating_sub(1);
    Ok(Some(Difference { step, path: None, how: How::Configuration }))
}

/// Both lists are in walk order, so the first pair that is not equal is the first difference.
fn first_difference(one: &[IndexEntry], other: &[IndexEntry]) -> Option<(Vec<u8>, How)> {
    let at = one.iter().zip(other).position(|(one, other)| one != other);
    match at.map(|at| (&one[at], &other[at])) {
        Some((one, other)) if one.path == other.path => Some((one.path.clone(), how(one, other))),
        Some((first, second)) => {
            // The path that the other list does not have at all.
            let known = other.iter().any(|entry| entry.path == first.path);
            Some((if known { second } else { first }.path.clone(), How::OnlyOnce))
        }
        None => {
            let longer = if one.len() > other.len() { one } else { other };
            Some((longer.get(one.len().min(other.len()))?.path.clone(), How::OnlyOnce))
        }
    }
}

fn how(one: &IndexEntry, other: &IndexEntry) -> How {
    let differ = |what: &str, one: String, other: String| {
        (one != other).then(|| How::Attribute(format!("{what} {one} and {other}")))
    };
    match (&one.kind, &other.kind) {
        (EntryKind::File { digest: first, .. }, EntryKind::File { digest: second, .. })
            if first != second =>
        {
            return How::Bytes;
        }
        (EntryKind::Symlink(first), EntryKind::Symlink(second)) if first != second => {
            let text = |target: &[u8]| String::from_utf8_lossy(target).into_owned();
            return How::Attribute(format!("the targets {} and {}", text(first), text(second)));
        }
        _ => {}
    }
    let owner = |entry: &IndexEntry| format!("{}:{}", entry.uid, entry.gid);
    differ("the modes", format!("{:o}", one.mode), format!("{:o}", other.mode))
        .or_else(|| differ("the owners", owner(one), owner(other)))
        .or_else(|| differ("the times", one.mtime.to_string(), other.mtime.to_string()))
        .unwrap_or_else(|| How::Attribute("another type or other extended attributes".to_string()))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Digest;

    use super::*;

    fn file(path: &str, bytes: &str, mode: u32) -> IndexEntry {
        let kind =
            EntryKind::File { size: bytes.len() as u64, digest: Digest::of(bytes.as_bytes()), link_of: None };
        IndexEntry { path: path.into(), kind, mode, uid: 0, gid: 0, mtime: 0, xattrs: Vec::new() }
    }

    #[test]
    fn the_first_difference_is_named() {
        let (a, b, c) = (file("a", "1", 0o644), file("b", "1", 0o644), file("c", "1", 0o644));
        let found = |one: &[&IndexEntry], other: &[&IndexEntry]| {
            let own = |list: &[&IndexEntry]| list.iter().map(|entry| (*entry).clone()).collect::<Vec<_>>();
            let found = first_difference(&own(one), &own(other));
            found.map(|(path, how)| (String::from_utf8(path).unwrap(), how))
        };
        let only = |path: &str| Some((path.to_string(), How::OnlyOnce));
        assert_eq!(found(&[&a, &b, &c], &[&a, &c]), only("b"));
        assert_eq!(found(&[&a, &c], &[&a, &b, &c]), only("b"));
        assert_eq!(found(&[&a, &b], &[&a, &b, &c]), only("c"));
        assert_eq!(found(&[&a, &b], &[&a, &file("b", "2", 0o644)]), Some(("b".to_string(), How::Bytes)));
        let mode = How::Attribute("the modes 644 and 755".to_string());
        assert_eq!(found(&[&a], &[&file("a", "1", 0o755)]), Some(("a".to_string(), mode)));
    }
}
