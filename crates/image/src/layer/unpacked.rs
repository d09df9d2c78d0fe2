//! Files made like a layer's that never become one: they lie in the store for a while.

use std::path::{Path, PathBuf};

use super::assembly::Finished;
use crate::error::Result;
use crate::store::Temporary;

/// A directory of files under `tmp`, removed on drop unless it is given a place.
#[derive(Debug)]
pub struct UnpackedTree {
    temporary: Temporary,
}

impl UnpackedTree {
    pub(super) fn new(finished: Finished) -> Self {
        UnpackedTree { temporary: finished.temporary }
    }

    /// The directory.
    pub fn path(&self) -> PathBuf {
        self.temporary.path().join("fs")
    }

    /// Move it to be the directory `fs` of a new directory. One that is there already stays.
    pub fn give_place(self, target: &Path) -> Result<()> {
        self.temporary.rename_unless_there(target)
    }
}
