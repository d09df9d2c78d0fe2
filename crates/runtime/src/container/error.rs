//! What can go wrong in the life of a container.

use std::io;
use std::path::{Path, PathBuf};

use crate::cgroup::CgroupError;

/// A step in a container's life that failed.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// Nothing has this name or id.
    #[error("no container is called '{key}' and no id begins so; 'ps -a' lists them all")]
    NotFound {
        /// What was looked for.
        key: String,
    },
    /// Several ids begin so.
    #[error("'{key}' is the beginning of {} container ids ({}); write more of it", matches.len(), matches.join(", "))]
    Ambiguous {
        /// What was looked for.
        key: String,
        /// The ids, shortened.
        matches: Vec<String>,
    },
    /// The name belongs to another container.
    #[error("the name '{name}' belongs to container {holder}; remove that one or choose another name")]
    NameTaken {
        /// The name.
        name: String,
        /// Id of its owner, shortened.
        holder: String,
    },
    /// Not a name.
    #[error("'{name}' is no container name: a letter or digit, then letters, digits, '_', '.' or '-'")]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// It must run for this.
    #[error("container {name} is not running (it is {state})")]
    NotRunning {
        /// Its name.
        name: String,
        /// Its state in one word.
        state: String,
    },
    /// It must not run for this.
    #[error("container {name} is running; stop it first, or remove it with force")]
    StillRunning {
        /// Its name.
        name: String,
    },
    /// It stands still.
    #[error("container {name} is paused; unpause it first")]
    Paused {
        /// Its name.
        name: String,
    },
    /// It stands still already.
    #[error("container {name} is already paused")]
    AlreadyPaused {
        /// Its name.
        name: String,
    },
    /// It does not stand still.
    #[error("container {name} is not paused")]
    NotPaused {
        /// Its name.
        name: String,
    },
    /// Something about its control group.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// Another command has started it, or is about to.
    #[error("container {name} is running already, or another command is starting it")]
    BeingStarted {
        /// Its name.
        name: String,
    },
    /// A state file holds what we never wrote.
    #[error("{} is damaged: {why}; remove the container", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the store that should be ours alone is not.
    #[error("{} belongs to user {owner}: container state is only kept in a directory of one's own", path.display())]
    ForeignStore {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// The process could not be started.
    #[error("{why}")]
    NotStarted {
        /// docker's exit code: 125, 126 or 127.
        code: i32,
        /// One sentence.
        why: String,
    },
    /// The monitor ended without a word.
    #[error("the monitor of container {name} ended before it reported: {why}")]
    MonitorLost {
        /// The container.
        name: String,
        /// What is known.
        why: String,
    },
    /// A file, socket or process operation failed.
    #[error("cannot {action}: {}", crate::words::in_words(source))]
    System {
        /// What was tried, with the path or name.
        action: String,
        /// The kernel's answer.
        source: io::Error,
    },
}

impl ContainerError {
    /// The exit code docker's `run` and `exec` give for this.
    pub fn exit_code(&self) -> i32 {
        match self {
            ContainerError::NotStarted { code, .. } => *code,
            _ => 125,
        }
    }

    /// A [`ContainerError::System`] about a path.
    pub(crate) fn at<E: Into<io::Error>>(action: &str, path: &Path) -> impl FnOnce(E) -> Self {
        let action = format!("{action} {}", path.display());
        move |source| ContainerError::System { action, source: source.into() }
    }

    /// A [`ContainerError::System`] without a path.
    pub(crate) fn doing<E: Into<io::Error>>(action: &str) -> impl FnOnce(E) -> Self {
        let action = action.to_string();
        move |source| ContainerError::System { action, source: source.into() }
    }
}
