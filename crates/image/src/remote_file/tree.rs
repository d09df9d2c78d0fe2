//! A fetched file as something to copy from.

use std::io::Read;

use plimsoll_model::Digest;

use super::Content;
use crate::error::Result;
use crate::store::Store;
use crate::tree::{SourceEntry, SourceKind, SourceTree};

/// One file, at the path [`FetchedFile::PATH`]: mode 0600, root's, as BuildKit's.
#[derive(Debug)]
pub struct FetchedFile {
    store: Store,
    content: Content,
}

impl FetchedFile {
    /// Where the file stands.
    pub const PATH: &[u8] = b"file";

    /// The file with this content, which must be in the store once it is opened.
    pub fn new(store: &Store, content: Content) -> Self {
        FetchedFile { store: store.clone(), content }
    }

    /// The file.
    pub fn file(&self) -> SourceEntry {
        let kind = SourceKind::File { size: self.content.size };
        SourceEntry { kind, mode: 0o600, mtime: self.content.modified, ..plain() }
    }
}

fn plain() -> SourceEntry {
    SourceEntry {
        kind: SourceKind::Directory,
        mode: 0o755,
        uid: 0,
        gid: 0,
        mtime: None,
        xattrs: Vec::new(),
        link_group: None,
    }
}

impl SourceTree for FetchedFile {
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>> {
        Ok(match path {
            b"" => Some(plain()),
            Self::PATH => Some(self.file()),
            _ => None,
        })
    }

    fn names(&self, _path: &[u8]) -> Result<Vec<Vec<u8>>> {
        Ok(vec![Self::PATH.to_vec()])
    }

    fn open(&self, _path: &[u8]) -> Result<Box<dyn Read>> {
        Ok(Box::new(self.store.open_blob(&self.content.digest)?.0))
    }

    fn digest(&self, _path: &[u8]) -> Result<Digest> {
        Ok(self.content.digest)
    }
}
