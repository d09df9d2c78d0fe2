use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::context::Context;
use crate::tree::SourceTree as _;

/// A time at which everything on disk is old.
fn much_later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(1000)
}

struct World {
    directory: tempfile::TempDir,
    store: Store,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        fs::create_dir(directory.path().join("context")).unwrap();
        World { directory, store }
    }

    fn write(&self, text: &str) {
        fs::write(self.directory.path().join("context/file"), text).unwrap();
    }

    /// The digest one build sees.
    fn build(&self, now: fn() -> SystemTime) -> Digest {
        let mut context = Context::open(&self.directory.path().join("context")).unwrap();
        context.now = now;
        context.recall(&self.store);
        let digest = context.digest(b"file").unwrap();
        context.remember();
        digest
    }

    fn memory(&self) -> Option<PathBuf> {
        let found = fs::read_dir(self.store.root().join("hashes")).ok()?;
        found.map(|entry| entry.unwrap().path()).next()
    }

    fn records(&self) -> (Digest, wire::Records) {
        let path = self.memory().unwrap();
        let hex = path.file_name().unwrap().to_str().unwrap();
        let name = format!("sha256:{hex}").parse().unwrap();
        (name, wire::read(&self.store, &name).unwrap())
    }

    /// Let the memory say that the file has these bytes.
    fn plant(&self, text: &str) {
        let (name, records) = self.records();
        let planted = [(records.get(0).0, *Digest::of(text.as_bytes()).raw())];
        wire::write(&self.store, &name, &planted.into_iter().collect()).unwrap();
    }
}

#[test]
fn what_was_hashed_is_not_read_again() {
    let world = World::new();
    world.write("bytes");
    assert_eq!(world.build(much_later), Digest::of(b"bytes"));
    // Only the memory can give this answer.
    world.plant("planted");
    assert_eq!(world.build(much_later), Digest::of(b"planted"));
}

#[test]
fn a_file_that_is_changed_is_read_again_whatever_its_mtime_says() {
    let world = World::new();
    world.write("one");
    let path = world.directory.path().join("context/file");
    let mtime = fs::metadata(&path).unwrap().modified().unwrap();
    world.build(much_later);
    let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
    let before = inode(&path);
    world.write("two");
    fs::File::options().write(true).open(&path).unwrap().set_modified(mtime).unwrap();
    assert_eq!(inode(&path), before);
    assert_eq!(world.build(much_later), Digest::of(b"two"));
}

#[test]
fn a_file_just_written_is_not_remembered() {
    let world = World::new();
    for round in 0..200 {
        // In the same tick of the clock as often as not.
        let text = format!("{round:03}");
        world.write(&text);
        assert_eq!(world.build(SystemTime::now), Digest::of(text.as_bytes()), "{round}");
    }
    assert_eq!(world.memory(), None);
}

#[test]
fn times_must_be_older_than_the_reading() {
    let metadata = |mtime: i64, ctime: i64| {
        let found = plimsoll_sys::root_dir::metadata_of(fs::File::open("/").unwrap()).unwrap();
        Metadata { mtime: (mtime, 999_999_999), ctime: (ctime, 999_999_999), ..found }
    };
    let old =
        |mtime, ctime| is_old_enough(&metadata(mtime, ctime), UNIX_EPOCH + Duration::from_millis(100_999));
    assert!(old(96, 96));
    for (mtime, ctime) in [(97, 96), (96, 97), (100, 100), (200, 96), (96, 200)] {
        assert!(!old(mtime, ctime), "{mtime} {ctime}");
    }
}

#[test]
fn a_damaged_memory_is_ignored_and_replaced() {
    let world = World::new();
    world.write("bytes");
    world.build(much_later);
    let path = world.memory().unwrap();
    let whole = fs::read(&path).unwrap();
    world.plant("planted");
    let mut damaged = fs::read(&path).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&path, damaged).unwrap();
    assert_eq!(world.build(much_later), Digest::of(b"bytes"));
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn nothing_new_is_not_written() {
    let world = World::new();
    world.write("bytes");
    world.build(much_later);
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(world.memory().unwrap()).unwrap());
    let before = inode();
    let held = fs::File::open(world.memory().unwrap()).unwrap();
    world.build(much_later);
    assert_eq!(inode(), before);
    drop(held);
}

#[test]
fn it_stays_bounded() {
    let world = World::new();
    for round in 0..10 {
        world.write(&format!("state {round}"));
        world.build(much_later);
    }
    assert!(world.records().1.len() <= 2);
}

#[test]
fn more_files_than_a_batch_are_all_known() {
    let world = World::new();
    let found = plimsoll_sys::root_dir::metadata_of(fs::File::open("/").unwrap()).unwrap();
    let file = |ino: u64| Metadata { ino, ..found };
    let digest = |ino: u64| Digest::of(&ino.to_le_bytes());
    let count = 2 * BATCH as u64 + 5;
    let mut memory = DigestMemory::default();
    memory.keep_in(&world.store, Digest::of(b"context"));
    (0..count).for_each(|ino| memory.add(&file(ino), much_later(), digest(ino)));
    let all_known =
        |memory: &mut DigestMemory| (0..count).all(|ino| memory.get(&file(ino)) == Some(digest(ino)));
    assert!(all_known(&mut memory));
    memory.save().unwrap();
    assert!(all_known(&mut memory));
    assert_eq!(memory.get(&file(count)), None);
}
