//! The store: one directory of plain files.
//!
//! ```text
//! oci-layout index.json blobs/sha256/HEX    an OCI image layout, readable by any OCI tool
//! layers/HEX/{fs/,index}                    an unpacked layer, by the digest of its plain tar
//! steps/ containers/ volumes/               of the builder and the runtime
//! tmp/ trash/                               what is being made, what is being removed
//! lock index.lock                           flock only, always empty
//! ```
//!
//! Everything is made under `tmp` and renamed into place; what is removed is first renamed into
//! `trash`. So readers need no lock, and a killed process leaves only files in `tmp` and `trash`,
//! which the next garbage collection sweeps. Whoever writes holds `lock` shared; only garbage
//! collection takes it exclusively, and never waits for it.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use rustix::fs::FlockOperation;

use crate::error::{AtFile as _, Error, Result};

mod blobs;
mod garbage;
mod names;
mod temporary;

pub use blobs::BlobWriter;
pub use garbage::{Freed, Removal, Roots};
pub use names::{ANNOTATION_NAME, Found};
pub(crate) use temporary::Temporary;

/// The store of one user. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// While this lives, no garbage collection removes anything: hold it from the first blob written
/// until the image has its name.
#[derive(Debug)]
#[must_use = "the store is protected only while this value lives"]
pub struct Hold {
    _lock: File,
}

const DIRECTORIES: [&str; 7] = ["blobs/sha256", "layers", "steps", "containers", "volumes", "tmp", "trash"];

impl Store {
    /// Open the store in this directory, making what is missing. A directory of another user is
    /// refused (CVE-2021-41091: others must not plant files in it).
    pub fn open(root: &Path) -> Result<Self> {
        let store = Store { root: root.to_path_buf() };
        if !store.root.join("index.json").exists() {
            store.create()?;
        }
        let us = rustix::process::geteuid().as_raw();
        let owner = fs::metadata(root).at("look at", root)?.uid();
        match owner == us {
            true => Ok(store),
            false => Err(Error::ForeignStore { path: root.to_path_buf(), owner, us }),
        }
    }

    fn create(&self) -> Result<()> {
        if let Some(parent) = self.root.parent() {
            fs::create_dir_all(parent).at("create", parent)?;
        }
        let private =
            |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path).at("create", path);
        private(&self.root)?;
        DIRECTORIES.iter().try_for_each(|name| private(&self.root.join(name)))?;
        self.write_file("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        let _names = self.lock_names()?;
        match self.root.join("index.json").exists() {
            true => Ok(()),
            false => self.write_file("index.json", &names::empty_index()?),
        }
    }

    /// The store's directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keep garbage collection away while this process writes.
    pub fn hold(&self) -> Result<Hold> {
        let (path, lock) = self.lock_file("lock")?;
        rustix::fs::flock(&lock, FlockOperation::LockShared).at("lock", path)?;
        Ok(Hold { _lock: lock })
    }

    /// The whole store for ourselves, if nobody is writing at this moment.
    fn hold_alone(&self) -> Result<Option<Hold>> {
        let (path, lock) = self.lock_file("lock")?;
        match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Hold { _lock: lock })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(Error::file("lock", path, error.into())),
        }
    }

    fn lock_names(&self) -> Result<Hold> {
        let (path, lock) = self.lock_file("index.lock")?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).at("lock", path)?;
        Ok(Hold { _lock: lock })
    }

    fn lock_file(&self, name: &str) -> Result<(PathBuf, File)> {
        let path = self.root.join(name);
        let file = File::options().create(true).append(true).open(&path).at("open", &path)?;
        Ok((path, file))
    }

    /// Replace a file of the store in one step.
    fn write_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
        use std::io::Write as _;
        let (mut file, temporary) = self.temporary_file()?;
        file.write_all(bytes).at("write", temporary.path())?;
        file.sync_data().at("write", temporary.path())?;
        temporary.rename_to(&self.root.join(name))
    }

    pub(crate) fn blob_file(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    pub(crate) fn layer_directory(&self, diff_id: &Digest) -> PathBuf {
        self.root.join("layers").join(diff_id.hex())
    }
}
