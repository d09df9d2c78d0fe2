//! A finished tree into a directory of the user: everything is made beside it and moved in with
//! renames, so a failure or an interrupt leaves what was there before.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_sys::root_dir::{NodeKind, RootDir};

use crate::error::{AtFile as _, Error, Result};
use crate::path;
use crate::store::random_name;

/// A directory of ours on the file system of the destination, gone on drop.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    destination: PathBuf,
    /// The destination exists: the staging directory lies in it, as it may be a file system of its own.
    merge: bool,
}

impl Staging {
    /// Begin to fill a directory, which may exist.
    pub fn begin(destination: &Path) -> Result<Self> {
        let merge = destination.is_dir();
        if !merge && fs::symlink_metadata(destination).is_ok() {
            let what = destination.display().to_string();
            return Err(Error::Refused { what, why: "it exists and is no directory".to_string() });
        }
        let parent = match destination.parent() {
            _ if merge => destination,
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).at("create", parent)?;
        let path = parent.join(format!(".plimsoll-partial-{}", random_name()?));
        fs::create_dir(&path).at("create", &path)?;
        Ok(Staging { path, destination: destination.to_path_buf(), merge })
    }

    /// The directory to fill.
    pub fn root(&self) -> Result<RootDir> {
        RootDir::open(&self.path).at("open", &self.path)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name())
            && let Ok(parent) = RootDir::open(parent)
        {
            // After a placement nothing is left of it; what cannot be removed has a telling name.
            let _ = parent.remove_all(name.as_encoded_bytes());
        }
    }
}

/// Put what was staged into its place. In a directory that exists, files of the same name are
/// replaced, others stay; a link there is never followed.
pub fn place(staging: &Staging) -> Result<()> {
    let Staging { path, destination, merge } = staging;
    if !merge {
        return fs::rename(path, destination).at("create", destination);
    }
    let root = RootDir::open(destination).at("open", destination)?;
    let from = path.file_name().unwrap_or_default().as_encoded_bytes().to_vec();
    let merging = Merging { root: &root, destination };
    let moves = merging.plan(&from, b"")?;
    for (from, to) in moves {
        root.rename(&from, &to).at("create", merging.shown(&to))?;
    }
    Ok(())
}

struct Merging<'a> {
    root: &'a RootDir,
    destination: &'a Path,
}

impl Merging<'_> {
    /// The renames that put everything below `from` below `to`. What does not go together is found
    /// here, before anything is moved.
    fn plan(&self, from: &[u8], to: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut moves = Vec::new();
        for name in self.root.list(from).at("read", self.shown(from))? {
            let (source, target) = (path::join(from, &name), path::join(to, &name));
            let ours = self.kind(&source)? == Some(NodeKind::Directory);
            match self.kind(&target)? {
                Some(NodeKind::Directory) if ours => moves.extend(self.plan(&source, &target)?),
                Some(kind) if ours || kind == NodeKind::Directory => {
                    let what = self.shown(&target).display().to_string();
                    let (is, other) = match ours {
                        true => ("is no directory", "the image has one there"),
                        false => ("is a directory", "the image has something else there"),
                    };
                    return Err(Error::Refused { what, why: format!("it {is}, and {other}") });
                }
                _ => moves.push((source, target)),
            }
        }
        Ok(moves)
    }

    fn kind(&self, path: &[u8]) -> Result<Option<NodeKind>> {
        match self.root.exists(path).at("look at", self.shown(path))? {
            true => Ok(Some(self.root.metadata(path).at("look at", self.shown(path))?.kind)),
            false => Ok(None),
        }
    }

    fn shown(&self, path: &[u8]) -> PathBuf {
        self.destination.join(String::from_utf8_lossy(path).as_ref())
    }
}
