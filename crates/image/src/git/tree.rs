//! Checked-out files as something to copy from.

use std::io::Read;
use std::path::Path;

use plimsoll_model::Digest;
use plimsoll_sys::root_dir::RootDir;

use crate::context::Context;
use crate::error::{AtFile as _, Result};
use crate::store::Temporary;
use crate::tree::{Filter, SourceEntry, SourceKind, SourceTree, Visited};

/// The files of a commit; gone with the value.
#[derive(Debug)]
pub struct GitTree {
    context: Context,
    keep_git_dir: bool,
    temporary: Temporary,
}

impl GitTree {
    pub(super) fn new(temporary: Temporary, keep_git_dir: bool) -> Result<Self> {
        Ok(GitTree { context: Context::open(temporary.path())?, keep_git_dir, temporary })
    }

    /// Where they lie.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// A directory of the repository, all links inside followed; none if there is no such.
    pub fn subdirectory(&self, subdir: &str) -> Result<Option<(Vec<u8>, SourceEntry)>> {
        let found = self.resolve(&crate::path::clean(subdir.as_bytes()))?;
        Ok(found.filter(|(_, entry)| entry.kind == SourceKind::Directory))
    }

    /// Give the files on disk the modes they have as sources, whatever our umask is.
    pub fn set_modes(&self) -> Result<()> {
        let root = RootDir::open(self.path()).at("open", self.path())?;
        self.visit(b"", Filter::ALL, &mut |Visited { path, entry, .. }| {
            // The top is the store's, and a link has no mode.
            let has_mode = matches!(entry.kind, SourceKind::Directory | SourceKind::File { .. });
            if path.is_empty() || !has_mode {
                return Ok(());
            }
            root.set_mode(path, entry.mode).at("change the mode of a file in", self.path())
        })
    }
}

impl SourceTree for GitTree {
    /// Of modes, git knows whether a file can be executed; all else is our umask.
    fn entry(&self, path: &[u8]) -> Result<Option<SourceEntry>> {
        let entry = self.context.entry(path)?;
        Ok(entry.map(|entry| {
            let executable = entry.kind == SourceKind::Directory || entry.mode & 0o100 != 0;
            SourceEntry { mode: if executable { 0o755 } else { 0o644 }, ..entry }
        }))
    }

    /// A submodule has a `.git` too, a file.
    fn names(&self, path: &[u8]) -> Result<Vec<Vec<u8>>> {
        let mut names = self.context.names(path)?;
        names.retain(|name| self.keep_git_dir || name != b".git");
        Ok(names)
    }

    fn open(&self, path: &[u8]) -> Result<Box<dyn Read>> {
        self.context.open(path)
    }

    fn digest(&self, path: &[u8]) -> Result<Digest> {
        self.context.digest(path)
    }
}
