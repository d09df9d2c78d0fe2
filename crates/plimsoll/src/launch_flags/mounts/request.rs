//! A mount as it was asked for, before anything is looked up.

use plimsoll_model::file_tree::clean_path;
use plimsoll_model::launch::{Propagation, Tmpfs};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Absolute clean path in the container.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
    /// What is mounted.
    pub source: Source,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file or directory of the host.
    Host {
        /// Absolute path.
        path: String,
        /// What of later mounts shows where.
        propagation: Propagation,
        /// A missing path becomes a directory, as docker's `-v` has it.
        make: bool,
    },
    /// A volume.
    Volume(VolumeRequest),
    /// A file system in memory; without a mode it has that of the image's directory.
    Memory {
        /// All but the mode.
        tmpfs: Tmpfs,
        /// Mode of its root.
        mode: Option<u32>,
    },
}

/// A volume to mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRequest {
    /// Its name; `None`: a new one without name.
    pub name: Option<String>,
    /// A new one begins with the image's files.
    pub copy: bool,
    /// Labels of a new one.
    pub labels: Vec<(String, String)>,
    /// Driver options of a new one.
    pub options: Vec<(String, String)>,
    /// The part of it that is mounted, a clean path; empty: all of it.
    pub subpath: String,
}

impl VolumeRequest {
    /// The volume of this name, or a new one, with nothing special about it.
    pub fn of(name: Option<String>) -> Self {
        VolumeRequest { name, copy: true, labels: Vec::new(), options: Vec::new(), subpath: String::new() }
    }
}

/// Where something is mounted, with docker's words for what is no place.
pub fn target(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("invalid mount path: '{text}' mount path must be absolute"));
    }
    match clean_path("/", text).as_str() {
        "/" => Err("invalid specification: destination can't be '/'".to_string()),
        clean => Ok(clean.to_string()),
    }
}

/// A path of the host: one that begins with a dot counts from here.
pub fn host_path(text: &str, here: &str) -> Result<String, String> {
    match text.starts_with(['/', '.']) {
        true => Ok(clean_path(here, text)),
        false => Err(format!("invalid mount path: '{text}' mount path must be absolute")),
    }
}

/// docker's word; what is mounted below a bind mount is shown whatever the word is.
pub fn propagation(word: &str) -> Option<Propagation> {
    Some(match Propagation::parse(word)? {
        Propagation::Private => Propagation::RecursivePrivate,
        Propagation::Slave => Propagation::RecursiveSlave,
        Propagation::Shared => Propagation::RecursiveShared,
        recursive => recursive,
    })
}

/// The same without what is mounted below.
pub fn top_only(propagation: Propagation) -> Propagation {
    match propagation {
        Propagation::RecursivePrivate => Propagation::Private,
        Propagation::RecursiveSlave => Propagation::Slave,
        Propagation::RecursiveShared => Propagation::Shared,
        top_only => top_only,
    }
}
