//! What can go wrong with control groups.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::words::reason;

/// Why a control group could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// A limit that no container can have.
    #[error("{asked}: {why}")]
    Invalid {
        /// The flag that asked for it, with its value.
        asked: String,
        /// The reason and what is possible.
        why: String,
    },
    /// Nothing here can freeze processes.
    #[error("the container has no control group that can freeze it")]
    NoFreezer,
    /// Processes that the kernel does not let stand still.
    #[error("not all processes of the container could be frozen; one of them may wait for a device")]
    NotFrozen,
    /// A file or directory of a control group.
    #[error("cannot {action}: {}", of_io(.source))]
    System {
        /// What was tried, with the path.
        action: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl CgroupError {
    /// A [`CgroupError::System`] about a path.
    pub(super) fn at(action: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let action = format!("{action} {}", path.display());
        move |source| CgroupError::System { action, source }
    }
}

/// The kernel's answer in words.
pub(super) fn of_io(error: &io::Error) -> String {
    Errno::from_io_error(error).map_or_else(|| error.to_string(), reason)
}
