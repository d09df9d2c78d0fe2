//! What files are copied from: a build context or the merged layers of an image, seen alike.

use std::io::Read;

use plimsoll_model::Digest;
use sha2::Digest as _;

use crate::error::{Error, Result};
use crate::path::{self, Met};

/// What stands at a path of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// A regular file of so many bytes.
    File {
        /// Bytes.
        size: u64,
    },
    /// A directory.
    Directory,
    /// A symbolic link with its target as written.
    Symlink(Vec<u8>),
    /// A named pipe.
    Fifo,
    /// A unix socket; never copied.
    Socket,
    /// A character or block device.
    Device {
        /// Block, else character.
        block: bool,
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
}

/// One entry of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// What it is.
    pub kind: SourceKind,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// Owner; 0 for a build context.
    pub uid: u32,
    /// Group; 0 for a build context.
    pub gid: u32,
    /// Seconds since 1970; `None` for a build context, whose times must not reach the image.
    pub mtime: Option<i64>,
    /// Extended attributes worth keeping, sorted by name; empty for a build context.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Names with the same value are hard links of one file.
    pub link_group: Option<(u64, u64)>,
}

/// Which paths of a source count (`.dockerignore`, `--exclude`). Paths are relative, without a leading
/// slash; the flag says whether it is a directory.
#[derive(Clone, Copy)]
pub struct Filter<'a> {
    /// Whether a path is left out. Not asked for the root.
    pub excluded: &'a dyn Fn(&[u8], bool) -> bool,
    /// Whether something below an excluded directory may still count.
    pub enter: &'a dyn Fn(&[u8]) -> bool,
}

impl Filter<'_> {
    /// Everything counts.
    pub const ALL: Filter<'static> = Filter { excluded: &|_, _| false, enter: &|_| false };

    pub(crate) fn leaves_out(&self, path: &[u8], directory: bool) -> bool {
        !path.is_empty() && (self.excluded)(path, directory)
    }
}

/// The bytes of one regular file, found already.
pub trait Content {
    /// Read them.
    fn open(&self) -> Result<Box<dyn Read>>;

    /// Their digest.
    fn digest(&self) -> Result<Digest>;
}

/// An entry that a walk meets, with a way to its bytes that looks up no path again.
pub struct Visited<'a> {
    /// Where it stands.
    pub path: &'a [u8],
    /// What it is.
    pub entry: SourceEntry,
    /// The bytes of a regular file.
    pub content: &'a dyn Content,
}

/// A tree of files to copy from. Paths are clean bytes as in [`crate::path`].
pub trait SourceTree {
    /// What stands at exactly this path, no link followed; `None` if nothing does.
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>>;

    /// Names in a directory, sorted by bytes.
    fn names(&self, path: &[u8]) -> Result<Vec<Vec<u8>>>;

    /// The bytes of the regular file at exactly this path.
    fn open(&self, path: &[u8]) -> Result<Box<dyn Read>>;

    /// The digest of those bytes.
    fn digest(&self, path: &[u8]) -> Result<Digest>;

    /// What tells this tree from others of its kind, for shortcuts only: nothing that is right or
    /// wrong may depend on it.
    fn identity(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Follow all links inside the root; `None` if nothing stands at the end.
    fn resolve(&self, path: &[u8]) -> Result<Option<(Vec<u8>, SourceEntry)>> {
        let look = |at: &[u8]| {
            let target = self.entry(at)?.and_then(|entry| match entry.kind {
                SourceKind::Symlink(target) => Some(target),
                _ => None,
            });
            Ok::<_, Error>(target.map_or(Met::Other, Met::Link))
        };
        let real = path::follow(path, true, look)?.ok_or_else(|| Error::link_loop(path))?;
        Ok(self.entry(&real)?.map(|entry| (real, entry)))
    }

    /// Meet everything that counts at and below a path, in walk order; nothing if nothing stands
    /// there. Excluded directories are walked only where something below may count, and not met.
    fn visit(
        &self,
        from: &[u8],
        filter: Filter<'_>,
        meet: &mut dyn FnMut(Visited<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut pending = vec![from.to_vec()];
        while let Some(path) = pending.pop() {
            let Some(entry) = self.entry(&path)? else { continue };
            let directory = entry.kind == SourceKind::Directory;
            let excluded = filter.leaves_out(&path, directory);
            if directory && (!excluded || (filter.enter)(&path)) {
                // Sorted names, each followed by what is below it, are in walk order.
                pending.extend(self.names(&path)?.iter().rev().map(|name| path::join(&path, name)));
            }
            if !excluded {
                meet(Visited { path: &path, entry, content: &ByPath { tree: self, path: &path } })?;
            }
        }
        Ok(())
    }

    /// Everything that counts at and below a path, in walk order.
    fn walk(&self, from: &[u8], filter: Filter<'_>) -> Result<Vec<(Vec<u8>, SourceEntry)>> {
        let mut found = Vec::new();
        self.visit(from, filter, &mut |visited| {
            found.push((visited.path.to_vec(), visited.entry));
            Ok(())
        })?;
        Ok(found)
    }

    /// Digest of everything that counts at and below these paths: path, type, mode, owner, link
    /// target, bytes. No time.
    fn selection_digest(&self, paths: &[Vec<u8>], filter: Filter<'_>) -> Result<Digest> {
        let mut hasher = FieldHasher(sha2::Sha256::new());
        for from in paths {
            hasher.field(from);
            self.visit(from, filter, &mut |Visited { path, entry, content }| {
                hasher.field(path);
                let file = matches!(entry.kind, SourceKind::File { .. });
                hasher.entry(&entry, if file { Some(content.digest()?) } else { None });
                Ok(())
            })?;
        }
        Ok(Digest::from_raw(hasher.0.finalize().into()))
    }
}

/// The bytes of a file of a tree that finds them by path.
pub(crate) struct ByPath<'a, T: ?Sized> {
    pub(crate) tree: &'a T,
    pub(crate) path: &'a [u8],
}

impl<T: SourceTree + ?Sized> Content for ByPath<'_, T> {
    fn open(&self) -> Result<Box<dyn Read>> {
        self.tree.open(self.path)
    }

    fn digest(&self) -> Result<Digest> {
        self.tree.digest(self.path)
    }
}

/// Every field with its length, so that no two selections run together.
struct FieldHasher(sha2::Sha256);

impl FieldHasher {
    fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn entry(&mut self, entry: &SourceEntry, content: Option<Digest>) {
        let SourceEntry { mode, uid, gid, .. } = entry;
        let kind = match &entry.kind {
            SourceKind::File { .. } => "file".to_string(),
            SourceKind::Directory => "directory".to_string(),
            SourceKind::Symlink(_) => "symlink".to_string(),
            SourceKind::Fifo => "fifo".to_string(),
            SourceKind::Socket => "socket".to_string(),
            SourceKind::Device { block, major, minor } => format!("device {block} {major} {minor}"),
        };
        self.field(format!("{kind} {mode:o} {uid} {gid} {}", entry.xattrs.len()).as_bytes());
        for (name, value) in &entry.xattrs {
            self.field(name);
            self.field(value);
        }
        match (&entry.kind, content) {
            (SourceKind::Symlink(target), _) => self.field(target),
            (_, Some(digest)) => self.field(digest.hex().as_bytes()),
            _ => {}
        }
    }
}
