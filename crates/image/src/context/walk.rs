//! The walk over a context: every directory opened and read once, one look at every entry.
//!
//! Entries are looked at and opened by their name in a directory that is held open, links refused:
//! whatever somebody puts in their way meanwhile, nothing outside of the context is reached.

use std::fs::File;
use std::io::{self, Read};

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::{Metadata, NodeKind, RootDir};

use super::{Context, source_entry};
use crate::error::Result;
use crate::path;
use crate::tree::{Content, Filter, Visited};

/// Directories held open at once. Those further up are closed, and opened again on the way back:
/// a tree may be deeper than a process may have files open.
const OPEN_LEVELS: usize = 32;

/// A directory on the way.
struct Level {
    path: Vec<u8>,
    dir: Option<RootDir>,
    names: std::vec::IntoIter<Vec<u8>>,
}

impl Level {
    fn open(root: &RootDir, path: Vec<u8>, names: Vec<Vec<u8>>) -> io::Result<Self> {
        let dir = root.subdir(&path)?;
        Ok(Level { path, dir: Some(dir), names: names.into_iter() })
    }

    fn dir(&mut self, root: &RootDir) -> io::Result<&RootDir> {
        if self.dir.is_none() {
            self.dir = Some(root.subdir_no_follow(&self.path)?);
        }
        self.dir.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// An entry met, by its name in its directory.
struct Node<'a> {
    context: &'a Context,
    dir: &'a RootDir,
    name: &'a [u8],
    path: &'a [u8],
    metadata: Metadata,
}

impl Context {
    /// [`crate::SourceTree::visit`].
    pub(super) fn walk_directories(
        &self,
        from: &[u8],
        filter: Filter<'_>,
        meet: &mut dyn FnMut(Visited<'_>) -> Result<()>,
    ) -> Result<()> {
        let parent = path::parent(from).unwrap_or_default().to_vec();
        let mut levels = match Level::open(&self.root, parent, vec![path::name(from).to_vec()]) {
            Err(error) if is_gone(&error) => return Ok(()),
            level => vec![level.map_err(|error| self.unreadable(from, &error))?],
        };
        while let Some(level) = levels.last_mut() {
            let Some(name) = level.names.next() else {
                levels.pop();
                continue;
            };
            let path = path::join(&level.path, &name);
            if let Some(inner) = self.meet_one(level, &name, path, filter, meet)? {
                levels.push(inner);
                if let Some(far) = levels.len().checked_sub(OPEN_LEVELS) {
                    levels[far].dir = None;
                }
            }
        }
        Ok(())
    }

    /// Meet one entry; gives the directory to go on in.
    fn meet_one(
        &self,
        level: &mut Level,
        name: &[u8],
        path: Vec<u8>,
        filter: Filter<'_>,
        meet: &mut dyn FnMut(Visited<'_>) -> Result<()>,
    ) -> Result<Option<Level>> {
        let unreadable = |error: io::Error| self.unreadable(&path, &error);
        let dir = level.dir(&self.root).map_err(unreadable)?;
        let metadata = match dir.metadata(name) {
            Err(error) if is_gone(&error) => return Ok(None),
            found => found.map_err(unreadable)?,
        };
        let directory = metadata.kind == NodeKind::Directory;
        let excluded = filter.leaves_out(&path, directory);
        if !excluded {
            let entry = source_entry(dir, name, &metadata).map_err(unreadable)?;
            let content = &Node { context: self, dir, name, path: &path, metadata };
            meet(Visited { path: &path, entry, content })?;
        }
        if !directory || (excluded && !(filter.enter)(&path)) {
            return Ok(None);
        }
        let inner = dir.subdir_no_follow(name).map_err(unreadable)?;
        let names = inner.names().map_err(unreadable)?.into_iter();
        Ok(Some(Level { path, dir: Some(inner), names }))
    }
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Node<'_> {
    fn file(&self) -> io::Result<File> {
        self.dir.open_file_no_follow(self.name)
    }
}

impl Content for Node<'_> {
    fn open(&self) -> Result<Box<dyn Read>> {
        let file = self.file().map_err(|error| self.context.unreadable(self.path, &error))?;
        Ok(Box::new(file))
    }

    fn digest(&self) -> Result<Digest> {
        let digest = self.context.file_digest(self.dir, self.name, &self.metadata);
        digest.map_err(|error| self.context.unreadable(self.path, &error))
    }
}
