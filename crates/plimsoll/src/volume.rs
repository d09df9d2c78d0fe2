//! Named and anonymous volumes: directories of the store that get the image's files once.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_image::layer::LayeredTree;
use plimsoll_image::path;
use plimsoll_image::tree::{SourceEntry, SourceKind, SourceTree};
use plimsoll_sys::root_dir::RootDir;

use crate::command_error::{CommandError, ErrorKind};

/// A volume that has to exist before the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeToMake {
    /// Where on the host.
    pub path: PathBuf,
    /// The path in the image whose files a new volume gets.
    pub image_path: String,
}

impl VolumeToMake {
    /// Make it unless it is there; a new one gets the image's files at its path (docker's copy-up).
    /// It appears under its name only when it is complete.
    pub fn make(&self, tree: &LayeredTree) -> Result<(), CommandError> {
        if self.path.is_dir() {
            return Ok(());
        }
        self.make_anew(tree).map_err(|why| {
            CommandError::new(
                ErrorKind::Engine(125),
                format!("cannot make volume {}: {why}", self.path.display()),
            )
        })
    }

    fn make_anew(&self, tree: &LayeredTree) -> Result<(), String> {
        let reason = |error: std::io::Error| plimsoll_image::error::reason(&error);
        let parent = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(reason)?;
        let draft = tempfile::Builder::new().prefix(".new-").tempdir_in(parent).map_err(reason)?;
        let inside = path::clean(self.image_path.as_bytes());
        let found = tree.resolve(&inside).map_err(|error| error.to_string())?;
        let root = RootDir::open(draft.path()).map_err(reason)?;
        match found {
            Some((real, entry)) if entry.kind == SourceKind::Directory => {
                copy(tree, &real, &root, b"")?;
                set_attributes(&root, b"", &entry).map_err(reason)?;
            }
            _ => root.set_mode("", 0o755).map_err(reason)?,
        }
        std::fs::rename(draft.keep(), &self.path).or_else(|error| {
            // Another start made it in the meantime.
            if self.path.is_dir() { Ok(()) } else { Err(reason(error)) }
        })
    }
}

/// Copy what stands in a directory of the image, by descriptor on the target's side.
fn copy(tree: &LayeredTree, from: &[u8], root: &RootDir, to: &[u8]) -> Result<(), String> {
    let reason = |error: std::io::Error| plimsoll_image::error::reason(&error);
    for name in tree.names(from).map_err(|error| error.to_string())? {
        let (source, target) = (path::join(from, &name), path::join(to, &name));
        let Some(entry) = tree.entry(&source).map_err(|error| error.to_string())? else { continue };
        match &entry.kind {
            SourceKind::Directory => {
                root.mkdir(&target, 0o700).map_err(reason)?;
                copy(tree, &source, root, &target)?;
            }
            SourceKind::File { .. } => {
                let mut bytes = tree.open(&source).map_err(|error| error.to_string())?;
                let mut file = root.create_file(&target, 0o600).map_err(reason)?;
                std::io::copy(&mut bytes.by_ref(), &mut file).map_err(reason)?;
            }
            SourceKind::Symlink(link) => root.symlink(link, &target).map_err(reason)?,
            // A volume holds data: devices, pipes and sockets of an image are none.
            SourceKind::Fifo | SourceKind::Socket | SourceKind::Device { .. } => continue,
        }
        set_attributes(root, &target, &entry).map_err(reason)?;
    }
    Ok(())
}

fn set_attributes(root: &RootDir, target: &[u8], entry: &SourceEntry) -> std::io::Result<()> {
    match root.set_owner(target, entry.uid, entry.gid) {
        Ok(()) => {}
        // With one mapped id every file belongs to the user, here as in the image's layers.
        Err(error) if matches!(error.raw_os_error(), Some(1 | 22)) => {}
        Err(error) => return Err(error),
    }
    if !matches!(entry.kind, SourceKind::Symlink(_)) {
        root.set_mode(target, entry.mode)?;
    }
    Ok(())
}
