//! The build context: a directory of the host, never left, times and owners dropped.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir, metadata_of};
use sha2::Digest as _;

use crate::error::{AtFile as _, Error, Result, reason};
use crate::store::Store;
use crate::tree::{Filter, SourceEntry, SourceKind, SourceTree, Visited};

mod digest_memory;
mod remembered_file;
mod walk;

use digest_memory::DigestMemory;
pub use remembered_file::remembered_digest;

/// A build context.
#[derive(Debug)]
pub struct Context {
    root: RootDir,
    path: PathBuf,
    memory: Mutex<DigestMemory>,
    /// The time of day; tests have another one.
    now: fn() -> SystemTime,
}

impl Context {
    /// Open a directory as context.
    pub fn open(dir: &Path) -> Result<Self> {
        let root = RootDir::open(dir).at("open", dir)?;
        let memory = Mutex::default();
        Ok(Context { root, path: dir.to_path_buf(), memory, now: SystemTime::now })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Use the digests an earlier build of this directory left in the store.
    pub fn recall(&self, store: &Store) {
        self.memory().keep_in(store, Digest::of(&self.identity()));
    }

    /// Leave the digests found for the next build. What cannot be written is hashed again then.
    pub fn remember(&self) {
        let _ = self.memory().save();
    }

    fn memory(&self) -> MutexGuard<'_, DigestMemory> {
        // Each change of it is whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The digest of a file: remembered while nothing about it changed, else read.
    fn file_digest(&self, dir: &RootDir, name: &[u8], seen: &Metadata) -> io::Result<Digest> {
        if let Some(digest) = self.memory().get(seen) {
            return Ok(digest);
        }
        let before = (self.now)();
        let file = dir.open_file_no_follow(name)?;
        let found = metadata_of(&file)?;
        let digest = digest_of(file)?;
        self.memory().add(&found, before, digest);
        Ok(digest)
    }

    fn unreadable(&self, path: &[u8], error: &io::Error) -> Error {
        let why = format!("of the build context {} cannot be read: {}", self.path.display(), reason(error));
        Error::path(path, why)
    }
}

fn digest_of(mut file: File) -> io::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = [0u8; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_raw(hasher.finalize().into())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn source_entry(dir: &RootDir, name: &[u8], metadata: &Metadata) -> io::Result<SourceEntry> {
    let kind = match metadata.kind {
        NodeKind::File => SourceKind::File { size: metadata.size },
        NodeKind::Directory => SourceKind::Directory,
        NodeKind::Symlink => SourceKind::Symlink(dir.read_link(name)?),
        NodeKind::Fifo => SourceKind::Fifo,
        NodeKind::Socket => SourceKind::Socket,
        NodeKind::CharDevice | NodeKind::BlockDevice => SourceKind::Device {
            block: metadata.kind == NodeKind::BlockDevice,
            major: metadata.rdev.0,
            minor: metadata.rdev.1,
        },
    };
    let linked = metadata.kind == NodeKind::File && metadata.links > 1;
    Ok(SourceEntry {
        kind,
        mode: metadata.mode,
        uid: 0,
        gid: 0,
        mtime: None,
        xattrs: Vec::new(),
        link_group: linked.then_some((metadata.dev, metadata.ino)),
    })
}

impl SourceTree for Context {
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>> {
        use io::ErrorKind as Kind;
        let found = self.root.metadata(path);
        match found.and_then(|metadata| source_entry(&self.root, path, &metadata)) {
            Ok(entry) => Ok(Some(entry)),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::NotADirectory) => Ok(None),
            Err(error) => Err(self.unreadable(path, &error)),
        }
    }

    fn names(&self, path: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.root.list(path).map_err(|error| self.unreadable(path, &error))
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn Read>> {
        let file = self.root.open_file_no_follow(path).map_err(|error| self.unreadable(path, &error))?;
        Ok(Box::new(file))
    }

    fn digest(&self, path: &[u8]) -> Result<Digest> {
        let found = self.root.metadata(path);
        let digest = found.and_then(|metadata| self.file_digest(&self.root, path, &metadata));
        digest.map_err(|error| self.unreadable(path, &error))
    }

    fn identity(&self) -> Vec<u8> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let (dev, ino) = metadata_of(&self.root).map_or((0, 0), |root| (root.dev, root.ino));
        [path.as_os_str().as_bytes(), b"\0", &dev.to_le_bytes(), &ino.to_le_bytes()].concat()
    }

    fn visit(
        &self,
        from: &[u8],
        filter: Filter<'_>,
        meet: &mut dyn FnMut(Visited<'_>) -> Result<()>,
    ) -> Result<()> {
        self.walk_directories(from, filter, meet)
    }
}
