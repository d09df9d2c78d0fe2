//! A store of its own for each test, gone afterwards.

use std::ops::Deref;
use std::path::Path;

use plimsoll_image::Store;
use tempfile::TempDir;

/// A store in a temporary directory.
#[derive(Debug)]
pub struct TestStore {
    store: Store,
    directory: TempDir,
}

/// Make a store.
///
/// # Panics
/// When there is no temporary directory.
pub fn store() -> TestStore {
    let directory = TempDir::with_prefix("plimsoll-test-").expect("a temporary directory can be made");
    let store = Store::open(&directory.path().join("store")).expect("a store can be opened");
    TestStore { store, directory }
}

impl TestStore {
    /// A directory beside the store, for whatever else the test writes.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Check the store from outside: every blob has the digest it is named after, nothing is left
    /// under `tmp`, and every listed image can be read.
    ///
    /// # Panics
    /// When it is not valid.
    pub fn assert_valid(&self) {
        let blobs = self.store.root().join("blobs/sha256");
        for entry in std::fs::read_dir(&blobs).expect("blobs can be listed") {
            let path = entry.expect("blobs can be listed").path();
            let bytes = std::fs::read(&path).expect("a blob can be read");
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            assert_eq!(name, Some(plimsoll_model::Digest::of(&bytes).hex()), "a blob has a wrong name");
        }
        let temporary = std::fs::read_dir(self.store.root().join("tmp")).expect("tmp can be listed");
        let left: Vec<_> = temporary.flatten().map(|entry| entry.file_name()).collect();
        assert!(left.is_empty(), "left under tmp: {left:?}");
        for image in self.store.images().expect("images can be listed") {
            let image = self.store.image(&image.manifest_digest).expect("a listed image can be read");
            for (layer, _) in image.layers() {
                assert!(self.store.has_blob(&layer.digest), "{} is missing", layer.digest);
            }
        }
    }
}

impl Deref for TestStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}
