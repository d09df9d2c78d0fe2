//! A new volume begins with the files an image has at its place: once, and never over anything.

use std::fs::File;

use plimsoll_sys::root_dir::RootDir;
use rustix::fs::FlockOperation;

use super::{Volume, VolumeError};
use crate::container::ContainerError;

/// Says how far a volume is; without the file nothing was ever put there.
const COPY_UP: &str = "copy-up";
const BEGUN: &[u8] = b"begun\n";
const DONE: &[u8] = b"done\n";

/// What there is to begin with.
pub trait Beginning {
    /// There are files.
    fn has_files(&self) -> Result<bool, String>;

    /// Give the directory the image's owner and mode.
    fn dress(&self, directory: &RootDir) -> Result<(), String>;

    /// Add the files that are not there yet. What was interrupted is begun again, over what is there by then.
    fn copy(&self, directory: &RootDir) -> Result<(), String>;
}

impl Volume {
    /// Let the volume begin with these files, if it is empty and never held any. A second time nothing is
    /// copied, whatever has become of the files (CVE-2020-1726): what is gone was removed.
    pub fn fill(&self, beginning: &dyn Beginning) -> Result<(), VolumeError> {
        let files = self.files();
        let failed = |why: String| ContainerError::System {
            action: format!("let the volume {} begin with the files of the image", self.name),
            source: std::io::Error::other(why),
        };
        // One after the other; all others wait until the files are there.
        let path = self.directory.path();
        let lock = File::open(path).map_err(ContainerError::at("open", path))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).map_err(ContainerError::at("lock", path))?;
        let state = self.directory.read(COPY_UP)?;
        if state.as_deref() == Some(DONE) {
            return Ok(());
        }
        let root = RootDir::open(&files).map_err(ContainerError::at("open", &files))?;
        let names = root.names().map_err(ContainerError::at("list", &files))?;
        if state.is_none() && !names.is_empty() {
            self.directory.write(COPY_UP, DONE)?;
            return Ok(());
        }
        if beginning.has_files().map_err(failed)? {
            self.directory.write(COPY_UP, BEGUN)?;
            beginning.copy(&root).map_err(failed)?;
            beginning.dress(&root).map_err(failed)?;
            self.directory.write(COPY_UP, DONE)?;
        } else {
            beginning.dress(&root).map_err(failed)?;
        }
        Ok(())
    }
}
