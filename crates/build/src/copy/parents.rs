//! `COPY --parents`: sources keep the directories above them, from the pivot `/./` on.
//!
//! As BuildKit (`convert_copy.go`, fsutil `copy`): what stands before the first `/./` is looked up like
//! any source, what stands behind it is matched as an ignore file matches (`**` crosses directories),
//! and a link that is matched stays a link. The kept directories have the source's modes and owners.
//! One thing is done that BuildKit leaves out silently: links in the parents of a source without
//! wildcards are followed, as `cp --parents` does.

use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::path;
use plimsoll_image::tree::{SourceEntry, SourceKind};

use super::selection::{CopyError, CopyJob, Selected, Word, attributes_text};
use super::wildcard;
use crate::key::KeyHasher;

/// Add the kept directories of an entry to a key.
pub(super) fn hash(top: &Selected, hasher: &mut KeyHasher) {
    for (path, entry) in &top.above {
        let mode = entry.mode.to_le_bytes();
        let owner = [entry.uid.to_le_bytes(), entry.gid.to_le_bytes()].concat();
        hasher.fact("the kept directory ", path, [path.as_slice(), &mode, &owner, &attributes_text(entry)]);
    }
}

/// A directory that may hold something a pattern means.
struct Below<'a> {
    real: &'a [u8],
    /// From the pivot on.
    relative: &'a [u8],
    above: &'a [(Vec<u8>, SourceEntry)],
}

impl CopyJob<'_> {
    /// The entries a source word means.
    pub(super) fn select_with_parents(&self, word: &Word) -> Result<Vec<Selected>, CopyError> {
        let (pivot, below) = word.text.split_once("/./").unwrap_or(("", &word.text));
        let clean = path::clean(below.as_bytes());
        let below = String::from_utf8_lossy(&clean);
        let pivots = match wildcard::is_pattern(pivot) {
            true => self.expand_pattern(pivot)?,
            false => vec![path::clean(pivot.as_bytes())],
        };
        let by_pattern = wildcard::is_pattern(&word.text);
        // Everything is left out but what the pattern takes back.
        let only = match wildcard::is_pattern(&below) {
            true => Some(Ignore::from_patterns(["**", &format!("!{below}")])),
            false => None,
        };
        let only = only.transpose().map_err(|why| CopyError::Source { span: word.span, message: why })?;
        let mut found = Vec::new();
        for pivot in pivots {
            let Some((real, entry)) = self.tree.resolve(&pivot)? else {
                return Err(self.missing(word, &pivot));
            };
            if entry.kind != SourceKind::Directory {
                return Err(self.unusable(word, "has no directory before its '/./'"));
            }
            let root = Below { real: &real, relative: b"", above: &[] };
            match &only {
                Some(only) => self.search(word, &root, only, &mut found)?,
                None => found.extend(self.named(word, &real, &clean, by_pattern)?),
            }
        }
        found.retain(|top| self.is_kept(top));
        Ok(found)
    }

    /// Whether `--exclude` leaves something of a matched entry.
    fn is_kept(&self, top: &Selected) -> bool {
        let below = top.entry.kind == SourceKind::Directory && self.enters(top, &top.path);
        below || !self.leaves_out(top, &top.path)
    }

    /// The topmost entries below a directory that the pattern means.
    fn search(
        &self,
        word: &Word,
        below: &Below<'_>,
        only: &Ignore,
        found: &mut Vec<Selected>,
    ) -> Result<(), CopyError> {
        for name in self.tree.names(below.real)? {
            let (real, relative) = (path::join(below.real, &name), path::join(below.relative, &name));
            let Some(entry) = self.tree.entry(&real)? else { continue };
            let text = String::from_utf8_lossy(&relative);
            if only.excluded(&text).is_none() {
                let taken = self.take(word, &real, real.clone(), entry)?;
                found.extend(taken.map(|top| Selected { above: below.above.to_vec(), ..top }));
            } else if entry.kind == SourceKind::Directory
                && only.may_include_below(&text)
                && (!self.is_ignored(&real) || self.may_contain_included(&real))
            {
                let mut above = below.above.to_vec();
                above.push((relative.clone(), entry));
                self.search(word, &Below { real: &real, relative: &relative, above: &above }, only, found)?;
            }
        }
        Ok(())
    }

    /// The entry of this very path below the pivot. It must be there, unless a pattern before the pivot
    /// is the reason to look for it here.
    fn named(
        &self,
        word: &Word,
        pivot: &[u8],
        relative: &[u8],
        optional: bool,
    ) -> Result<Option<Selected>, CopyError> {
        let named = path::join(pivot, relative);
        let absent = || if optional { Ok(None) } else { Err(self.missing(word, &named)) };
        let mut above = Vec::new();
        let mut directory = pivot.to_vec();
        for (end, _) in relative.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
            let kept = &relative[..end];
            match self.tree.resolve(&path::join(&directory, path::name(kept)))? {
                Some((real, entry)) if entry.kind == SourceKind::Directory => {
                    above.push((kept.to_vec(), entry));
                    directory = real;
                }
                _ => return absent(),
            }
        }
        let real = path::join(&directory, path::name(relative));
        let Some(entry) = self.tree.entry(&real)? else { return absent() };
        match self.take(word, &real, real.clone(), entry)? {
            Some(top) => Ok(Some(Selected { above, name: path::name(relative).to_vec(), ..top })),
            None => absent(),
        }
    }
}
