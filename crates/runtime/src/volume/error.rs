//! What can go wrong with volumes, in docker's words where it has some.

use std::path::PathBuf;

use crate::container::ContainerError;

/// Something about a volume that failed.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {
    /// Nothing has this name.
    #[error("get {name}: no such volume")]
    NotFound {
        /// What was looked for.
        name: String,
    },
    /// Not a name.
    #[error("create {name}: {why}")]
    BadName {
        /// What was asked for.
        name: String,
        /// The rule it breaks.
        why: String,
    },
    /// An option that the volume cannot have.
    #[error("create {name}: {why}")]
    BadOption {
        /// The volume.
        name: String,
        /// Which, and why.
        why: String,
    },
    /// A container has it.
    #[error("remove {name}: volume is in use - [{}]", users.join(", "))]
    InUse {
        /// The volume.
        name: String,
        /// Ids of the containers.
        users: Vec<String>,
    },
    /// Which volumes are in use is not known.
    #[error("container {id} cannot be read, so it is not known which volumes it has: remove it first")]
    UnknownUse {
        /// Id of the container.
        id: String,
    },
    /// Its description holds what we never wrote.
    #[error("{} is damaged: {why}; 'volume rm' removes the volume", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the store.
    #[error(transparent)]
    Store(#[from] ContainerError),
}
