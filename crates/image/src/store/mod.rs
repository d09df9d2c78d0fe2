//! The store: one directory of plain files.
//!
//! ```text
//! oci-layout index.json blobs/sha256/HEX    an OCI image layout, readable by any OCI tool
//! layers/HEX/{fs/,index}                    an unpacked layer, by the digest of its plain tar
//! hashes/ packed/                           what only saves time: digests of files, packed blocks
//! remote/HEX                                what is known of a fetched file, by its address
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
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use plimsoll_model::Digest;
use rustix::fs::FlockOperation;

use crate::error::{AtFile as _, Error, Result};

mod blobs;
mod garbage;
mod names;
mod shortcut;
mod temporary;

pub use blobs::BlobWriter;
pub use garbage::{Alone, Freed, Removal, Roots};
pub use names::{ANNOTATION_NAME, Found};
pub(crate) use shortcut::Shortcut;
pub(crate) use temporary::{Temporary, random_name};

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

/// Make a directory and its parents, closed to other users; one that is there stays as it is.
pub fn private_directory(path: &Path) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

const DIRECTORIES: [&str; 7] = ["blobs/sha256", "layers", "steps", "containers", "volumes", "tmp", "trash"];

impl Store {
    /// Open the store in this directory, making what is missing. A directory of another user is refused,
    /// and one with content that others may write to: they could plant files in it (CVE-2021-41091).
    pub fn open(root: &Path) -> Result<Self> {
        let store = Store { root: root.to_path_buf() };
        if !root.exists() {
            if let Some(parent) = root.parent() {
                fs::create_dir_all(parent).at("create", parent)?;
            }
            private_directory(root).at("create", root)?;
        }
        store.check_ours()?;
        if !root.join("index.json").exists() {
            store.fill()?;
        }
        Ok(store)
    }

    fn check_ours(&self) -> Result<()> {
        let (us, path) = (rustix::process::geteuid().as_raw(), self.root.clone());
        let directory = fs::metadata(&path).at("look at", &path)?;
        match directory.uid() {
            owner if owner != us => Err(Error::ForeignStore { path, owner, us }),
            _ if directory.mode() & 0o022 != 0 => self.close(),
            _ => Ok(()),
        }
    }

    /// Close our directory to others if it holds nothing yet: a fresh one, made with the usual umask or by
    /// mounting something there. Looked at before and after, so that nothing comes in between.
    fn close(&self) -> Result<()> {
        let is_empty =
            || -> Result<bool> { Ok(fs::read_dir(&self.root).at("read", &self.root)?.next().is_none()) };
        if is_empty()? {
            fs::set_permissions(&self.root, fs::Permissions::from_mode(0o700)).at("close", &self.root)?;
            if is_empty()? {
                return Ok(());
            }
        }
        Err(Error::StoreOpenToOthers { path: self.root.clone() })
    }

    fn fill(&self) -> Result<()> {
        for name in DIRECTORIES {
            let path = self.root.join(name);
            private_directory(&path).at("create", &path)?;
        }
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
    pub(crate) fn write_file(&self, name: &str, bytes: &[u8]) -> Result<()> {
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
