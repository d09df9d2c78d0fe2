//! Directories of the store: closed to others, made under `tmp` and renamed into place, renamed into `trash` and
//! then deleted.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use plimsoll_sys::root_dir::RootDir;
use rustix::fs::FlockOperation;

use crate::container::ContainerError;

/// A directory being made under `tmp`. A lock on it tells the living maker from a dead one.
pub(crate) struct Draft {
    path: PathBuf,
    placed: bool,
    _lock: fs::File,
}

impl Draft {
    /// A sweep may take a draft for one that nobody makes before it is locked: then there is another try.
    pub fn new(path: PathBuf) -> Result<Self, ContainerError> {
        loop {
            let made = fs::DirBuilder::new().mode(0o700).create(&path);
            made.map_err(ContainerError::at("make the directory", &path))?;
            if let Some(lock) = lock_directory(&path, FlockOperation::LockExclusive)? {
                return Ok(Draft { path, placed: false, _lock: lock });
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn put_in_place(mut self, place: &Path) -> Result<(), ContainerError> {
        fs::rename(&self.path, place).map_err(ContainerError::at("put in place", place))?;
        self.placed = true;
        Ok(())
    }

    pub fn is_being_made(path: &Path) -> bool {
        fs::File::open(path)
            .is_ok_and(|file| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err())
    }
}

/// A locked directory; `None` if it is gone by then, or another has the lock and this would not wait.
pub(crate) fn lock_directory(
    path: &Path,
    operation: FlockOperation,
) -> Result<Option<fs::File>, ContainerError> {
    let gone = |error: &std::io::Error| error.kind() == ErrorKind::NotFound;
    let file = match fs::File::open(path) {
        Err(error) if gone(&error) => return Ok(None),
        file => file.map_err(ContainerError::at("open", path))?,
    };
    match rustix::fs::flock(&file, operation) {
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
        locked => locked.map_err(ContainerError::at("lock", path))?,
    }
    let is_here = fs::symlink_metadata(path).is_ok_and(|now| {
        file.metadata().is_ok_and(|locked| (now.dev(), now.ino()) == (locked.dev(), locked.ino()))
    });
    Ok(is_here.then_some(file))
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.placed {
            let _ = delete(&self.path);
        }
    }
}

/// What was taken out of the store; its files wait in the trash.
#[must_use]
pub(crate) struct Discarded {
    trash: PathBuf,
}

impl Discarded {
    /// Move a directory into the trash; `None`: it is not there.
    pub fn take(path: &Path, trash: &Path) -> Result<Option<Self>, ContainerError> {
        match fs::rename(path, trash) {
            Ok(()) => Ok(Some(Discarded { trash: trash.to_path_buf() })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ContainerError::at("remove", path)(error)),
        }
    }

    /// Where they wait.
    pub fn path(&self) -> &Path {
        &self.trash
    }

    /// As an ordinary user inside the entered user namespace only: the files may belong to other ids of it.
    pub fn delete(self) -> Result<(), ContainerError> {
        delete(&self.trash)
    }
}

/// Delete a directory with all it holds, whatever a container made of it; fine if it is gone already.
pub(crate) fn delete(path: &Path) -> Result<(), ContainerError> {
    let (parent, name) = (path.parent().unwrap_or(path), path.file_name().unwrap_or_default());
    let deleted = RootDir::open(parent).and_then(|parent| parent.remove_all(name.as_bytes()));
    deleted.map_err(ContainerError::at("delete", path))
}

/// What is in a directory, nothing if it is not there; names that are not UTF-8 are not ours.
pub(crate) fn names_in(directory: &Path) -> Result<Vec<String>, ContainerError> {
    let failed = || ContainerError::at::<std::io::Error>("list", directory);
    let mut names = Vec::new();
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(names),
        entries => entries.map_err(failed())?,
    };
    for entry in entries {
        names.extend(entry.map_err(failed())?.file_name().into_string());
    }
    Ok(names)
}

/// A directory of the store, closed to all others (moby CVE-2021-41091) and owned by this user.
pub(crate) fn make_private(path: &Path) -> Result<(), ContainerError> {
    // Looked at first: nearly always it is there.
    if check_private(path)? {
        return Ok(());
    }
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(ContainerError::at("make the directory", path))?;
    check_private(path).map(drop)
}

/// It is ours, and closed to all others; a loose mode is corrected. False if there is none.
pub(crate) fn check_private(path: &Path) -> Result<bool, ContainerError> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata.map_err(ContainerError::at("look at", path))?,
    };
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(ContainerError::ForeignStore { path: path.to_path_buf(), owner: metadata.uid() });
    }
    if metadata.mode() & 0o077 != 0 {
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(path, private).map_err(ContainerError::at("close", path))?;
    }
    Ok(true)
}
