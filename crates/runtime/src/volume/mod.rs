//! Volumes: directories that outlive containers, with a name.
//!
//! ```text
//! volumes/NAME/volume.json    what it was made of; written once
//! volumes/NAME/copy-up        how far it is with the files it begins with
//! volumes/NAME/_data/         its files
//! volumes                     flock: removal alone, those who give volumes to containers together
//! ```
//!
//! What lies in `_data` is up to containers, so it is hostile: it is only looked at through descriptors.

mod error;
mod filling;
mod options;
mod store;
mod wire;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use error::VolumeError;
pub use filling::Beginning;
pub use options::Storage;
pub use store::{Hold, Listing, Removed, Volumes};

use crate::container::Directory;
use crate::container::name::random_id;

/// The label docker gives volumes that nobody named; the ones `volume prune` removes.
pub const ANONYMOUS: &str = "com.docker.volume.anonymous";

const FILES: &str = "_data";

/// What a new volume is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVolume {
    /// Its name.
    pub name: String,
    /// Labels.
    pub labels: Vec<(String, String)>,
    /// Options of docker's driver `local`.
    pub options: Vec<(String, String)>,
}

impl NewVolume {
    /// A volume without label and option.
    pub fn named(name: impl Into<String>) -> Self {
        NewVolume { name: name.into(), labels: Vec::new(), options: Vec::new() }
    }

    /// A volume that nobody named.
    pub fn anonymous() -> Result<Self, VolumeError> {
        let labels = vec![(ANONYMOUS.to_string(), String::new())];
        Ok(NewVolume { labels, ..NewVolume::named(random_id()?) })
    }
}

/// A volume of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    directory: Directory,
    name: String,
    created: Timestamp,
    labels: Vec<(String, String)>,
    options: Vec<(String, String)>,
    storage: Storage,
}

impl Volume {
    /// Read a volume from its directory.
    fn open(path: &Path, name: &str) -> Result<Self, VolumeError> {
        let directory = Directory::new(path);
        let damaged = |why: String| VolumeError::Damaged { path: path.join(wire::FILE), why };
        let bytes = directory.read(wire::FILE)?.ok_or_else(|| damaged("it is missing".into()))?;
        let new = wire::read_volume(&bytes).map_err(damaged)?;
        if new.volume.name != name {
            return Err(damaged(format!("it is of the volume '{}'", new.volume.name)));
        }
        let storage = Storage::of(&new.volume.options).map_err(damaged)?;
        let NewVolume { name, labels, options } = new.volume;
        Ok(Volume { directory, name, created: new.created, labels, options, storage })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was made.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Its labels, sorted by name.
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// Its options, sorted by name.
    pub fn options(&self) -> &[(String, String)] {
        &self.options
    }

    /// Where its files are kept.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Its directory in the store as docker shows it.
    pub fn mount_point(&self) -> PathBuf {
        self.directory.path().join(FILES)
    }

    /// The directory its files lie in.
    pub fn files(&self) -> PathBuf {
        match &self.storage {
            Storage::Own | Storage::Memory(_) => self.mount_point(),
            Storage::HostDirectory(path) => path.clone(),
        }
    }
}
