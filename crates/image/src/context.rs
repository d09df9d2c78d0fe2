//! The build context: a directory of the host, never left, times and owners dropped.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir, metadata_of};
use sha2::Digest as _;

use crate::error::{AtFile as _, Error, Result, reason};
use crate::tree::{SourceEntry, SourceKind, SourceTree};

/// A build context.
#[derive(Debug)]
pub struct Context {
    root: RootDir,
    path: PathBuf,
    /// Digests of files already read, valid while nothing about the file changed. ctime is part of
    /// it: no program can set that back, so equal size and mtime do not fool it (buildkit#2592).
    digests: Mutex<HashMap<Vec<u8>, (Unchanged, Digest)>>,
}

/// Device, inode, size, mtime, ctime.
type Unchanged = (u64, u64, u64, (i64, u32), (i64, u32));

impl Context {
    /// Open a directory as context.
    pub fn open(dir: &Path) -> Result<Self> {
        let root = RootDir::open(dir).at("open", dir)?;
        Ok(Context { root, path: dir.to_path_buf(), digests: Mutex::default() })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn file_digest(&self, path: &[u8]) -> Result<Digest> {
        let file = self.open_file(path)?;
        let metadata = metadata_of(&file).map_err(|error| self.unreadable(path, &error))?;
        let state = (metadata.dev, metadata.ino, metadata.size, metadata.mtime, metadata.ctime);
        let known = |digests: &HashMap<_, (Unchanged, Digest)>| {
            digests.get(path).filter(|(seen, _)| *seen == state).map(|(_, digest)| *digest)
        };
        if let Some(digest) = self.digests.lock().ok().and_then(|digests| known(&digests)) {
            return Ok(digest);
        }
        let digest = digest_of(file).map_err(|error| self.unreadable(path, &error))?;
        if let Ok(mut digests) = self.digests.lock() {
            digests.insert(path.to_vec(), (state, digest));
        }
        Ok(digest)
    }

    fn open_file(&self, path: &[u8]) -> Result<File> {
        self.root.open_file_no_follow(path).map_err(|error| self.unreadable(path, &error))
    }

    fn unreadable(&self, path: &[u8], error: &io::Error) -> Error {
        let why = format!("of the build context {} cannot be read: {}", self.path.display(), reason(error));
        Error::path(path, why)
    }
}

fn digest_of(mut file: File) -> io::Result<Digest> {
    let mut hasher = sha2::Sha256::new();
    let mut buffer = vec![0u8; 128 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Digest::from_raw(hasher.finalize().into())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

fn source_kind(root: &RootDir, path: &[u8], metadata: &Metadata) -> io::Result<SourceKind> {
    Ok(match metadata.kind {
        NodeKind::File => SourceKind::File { size: metadata.size },
        NodeKind::Directory => SourceKind::Directory,
        NodeKind::Symlink => SourceKind::Symlink(root.read_link(path)?),
        NodeKind::Fifo => SourceKind::Fifo,
        NodeKind::Socket => SourceKind::Socket,
        NodeKind::CharDevice | NodeKind::BlockDevice => SourceKind::Device {
            block: metadata.kind == NodeKind::BlockDevice,
            major: metadata.rdev.0,
            minor: metadata.rdev.1,
        },
    })
}

impl SourceTree for Context {
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>> {
        use io::ErrorKind as Kind;
        let found = self
            .root
            .metadata(path)
            .and_then(|metadata| Ok((source_kind(&self.root, path, &metadata)?, metadata)));
        let (kind, metadata) = match found {
            Ok(found) => found,
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::NotADirectory) => return Ok(None),
            Err(error) => return Err(self.unreadable(path, &error)),
        };
        let linked = metadata.kind == NodeKind::File && metadata.links > 1;
        Ok(Some(SourceEntry {
            kind,
            mode: metadata.mode,
            uid: 0,
            gid: 0,
            mtime: None,
            xattrs: Vec::new(),
            link_group: linked.then_some((metadata.dev, metadata.ino)),
        }))
    }

    fn names(&self, path: &[u8]) -> Result<Vec<Vec<u8>>> {
        self.root.list(path).map_err(|error| self.unreadable(path, &error))
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn Read>> {
        Ok(Box::new(self.open_file(path)?))
    }

    fn digest(&self, path: &[u8]) -> Result<Digest> {
        self.file_digest(path)
    }
}
