//! Small files that only save time: what an earlier build found out. Losing one costs nothing else.
//!
//! ```text
//! magic line
//! SHA-256 of the rest
//! the rest, whatever the user of the file keeps
//! ```
//! They are read in one go, replaced as a whole, and ignored when damaged. Two writers at once: the
//! later one wins.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;

use super::{Store, private_directory};
use crate::error::{AtFile as _, Result};

/// A kind of such files.
#[derive(Debug)]
pub(crate) struct Shortcut {
    /// Their directory in the store.
    pub(crate) directory: &'static str,
    /// Their first line, with the version.
    pub(crate) magic: &'static [u8],
    /// So many are kept; the one written longest ago goes first.
    pub(crate) files: usize,
}

impl Shortcut {
    fn path(&self, store: &Store, name: &Digest) -> PathBuf {
        store.root().join(self.directory).join(name.hex())
    }

    /// What is kept under a name, if it is whole.
    pub(crate) fn read(&self, store: &Store, name: &Digest) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(store, name)).ok()?;
        let (sum, rest) = bytes.strip_prefix(self.magic)?.split_at_checked(32)?;
        if Digest::of(rest).raw() != sum {
            return None;
        }
        bytes.drain(..self.magic.len() + 32);
        Some(bytes)
    }

    /// Keep this under a name.
    pub(crate) fn write(&self, store: &Store, name: &Digest, content: &[u8]) -> Result<()> {
        let path = self.path(store, name);
        let directory = path.parent().unwrap_or(store.root());
        private_directory(directory).at("create", directory)?;
        let (mut file, temporary) = store.temporary_file()?;
        for part in [self.magic, Digest::of(content).raw(), content] {
            file.write_all(part).at("write", temporary.path())?;
        }
        temporary.rename_to(&path)?;
        self.forget_oldest(directory).at("read", directory)
    }

    fn forget_oldest(&self, directory: &Path) -> std::io::Result<()> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            found.push((entry.metadata()?.modified()?, entry.path()));
        }
        found.sort();
        let surplus = found.len().saturating_sub(self.files);
        found[..surplus].iter().try_for_each(|(_, path)| fs::remove_file(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTES: Shortcut = Shortcut { directory: "notes", magic: b"notes 1\n", files: 3 };

    #[test]
    fn what_is_not_whole_is_not_there() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let name = Digest::of(b"name");
        assert_eq!(NOTES.read(&store, &name), None);
        NOTES.write(&store, &name, b"content").unwrap();
        assert_eq!(NOTES.read(&store, &name).as_deref(), Some(&b"content"[..]));
        let path = NOTES.path(&store, &name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(NOTES.read(&store, &name), None, "cut at {at}");
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(NOTES.read(&store, &name), None, "damaged at {at}");
        }
    }

    #[test]
    fn their_number_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        for number in 0..9u8 {
            NOTES.write(&store, &Digest::of(&[number]), b"").unwrap();
        }
        assert_eq!(fs::read_dir(directory.path().join("notes")).unwrap().count(), NOTES.files);
    }
}
