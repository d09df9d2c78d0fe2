//! The digest of a single file that is asked for again and again, kept as those of a context are.

use std::fs::File;
use std::io;
use std::time::SystemTime;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::metadata_of;

use super::digest_memory::DigestMemory;
use super::digest_of;
use crate::store::Store;

/// The digest of an open file: read once, and remembered in the store under a name of the caller's while
/// nothing about the file changes.
pub fn remembered_digest(store: &Store, name: &str, file: File) -> io::Result<Digest> {
    remembered_at(store, name, file, SystemTime::now)
}

fn remembered_at(store: &Store, name: &str, file: File, now: fn() -> SystemTime) -> io::Result<Digest> {
    let mut memory = DigestMemory::default();
    memory.keep_in(store, Digest::of(format!("file {name}").as_bytes()));
    let before = now();
    let found = metadata_of(&file)?;
    if let Some(digest) = memory.get(&found) {
        return Ok(digest);
    }
    let digest = digest_of(file)?;
    memory.add(&found, before, digest);
    // What cannot be kept, in a store that may only be read for one, is hashed again.
    let _ = memory.save();
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    fn much_later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(1000)
    }

    #[test]
    fn a_file_left_alone_is_read_once() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let path = directory.path().join("program");
        let digest = || remembered_at(&store, "program", File::open(&path).unwrap(), much_later).unwrap();
        fs::write(&path, "one").unwrap();
        assert_eq!(digest(), Digest::of(b"one"));
        let kept = || fs::read_dir(store.root().join("hashes")).unwrap().next().unwrap().unwrap();
        let written = kept().metadata().unwrap().modified().unwrap();
        assert_eq!(digest(), Digest::of(b"one"));
        assert_eq!(kept().metadata().unwrap().modified().unwrap(), written, "nothing new was learned");
        fs::write(&path, "two").unwrap();
        assert_eq!(digest(), Digest::of(b"two"));
    }

    #[test]
    fn a_file_just_written_is_not_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let path = directory.path().join("program");
        fs::write(&path, "one").unwrap();
        let digest = remembered_digest(&store, "program", File::open(&path).unwrap()).unwrap();
        assert_eq!(digest, Digest::of(b"one"));
        let kept = fs::read_dir(store.root().join("hashes")).map_or(0, Iterator::count);
        assert_eq!(kept, 0);
    }
}
