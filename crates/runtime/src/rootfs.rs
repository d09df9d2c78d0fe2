//! The root file system of a container, as directories.

use std::path::PathBuf;

/// Layers and the place for what the container writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootFs {
    /// Unpacked layers, lowest first. Never written to.
    pub lowers: Vec<PathBuf>,
    /// A directory of the caller's, on a real file system, in which `upper` and `work` are made.
    /// After the run `upper` holds what was written, in overlay form.
    pub scratch: PathBuf,
}

impl RootFs {
    /// Where what the container writes ends up.
    pub fn upper(&self) -> PathBuf {
        self.scratch.join("upper")
    }

    /// The overlay's own work directory.
    pub fn work(&self) -> PathBuf {
        self.scratch.join("work")
    }
}
