//! Names under `tmp` that vanish unless they are renamed into place.

use std::fs::{self, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use plimsoll_sys::root_dir::RootDir;

use super::{Hold, Store};
use crate::error::{AtFile as _, Error, Result};

/// A file or directory under `tmp`, removed on drop unless renamed.
#[derive(Debug)]
pub(crate) struct Temporary {
    path: PathBuf,
    /// Keeps the sweeping of `tmp` away.
    _hold: Hold,
}

impl Temporary {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Move into place, replacing a file there.
    pub(crate) fn rename_to(self, target: &Path) -> Result<()> {
        fs::rename(&self.path, target).at("create", target)
    }

    /// Move a directory into place; one that is already there is as good as ours.
    pub(crate) fn rename_unless_there(self, target: &Path) -> Result<()> {
        match fs::rename(&self.path, target) {
            Err(error) if is_occupied(&error) => Ok(()),
            result => result.at("create", target),
        }
    }
}

fn is_occupied(error: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(error.kind(), Kind::AlreadyExists | Kind::DirectoryNotEmpty)
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let (Some(parent), Some(name)) = (self.path.parent(), self.path.file_name())
            && let Ok(parent) = RootDir::open(parent)
        {
            // What cannot be removed now is swept by the next garbage collection.
            let _ = parent.remove_all(name.as_encoded_bytes());
        }
    }
}

impl Store {
    pub(crate) fn temporary_file(&self) -> Result<(File, Temporary)> {
        self.temporary(|path| File::options().read(true).write(true).create_new(true).open(path))
    }

    pub(crate) fn temporary_directory(&self) -> Result<Temporary> {
        let made = self.temporary(|path| fs::DirBuilder::new().mode(0o700).create(path))?;
        Ok(made.1)
    }

    fn temporary<T>(&self, create: impl Fn(&Path) -> std::io::Result<T>) -> Result<(T, Temporary)> {
        let hold = self.hold()?;
        loop {
            let path = self.root.join("tmp").join(random_name()?);
            match create(&path) {
                Ok(made) => return Ok((made, Temporary { path, _hold: hold })),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(Error::file("create", path, error)),
            }
        }
    }
}

pub(crate) fn random_name() -> Result<String> {
    let mut raw = [0u8; 8];
    rustix::rand::getrandom(&mut raw, rustix::rand::GetRandomFlags::empty()).at("read", "/dev/urandom")?;
    Ok(format!("{:016x}", u64::from_ne_bytes(raw)))
}
