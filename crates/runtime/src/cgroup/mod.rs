//! Control groups of containers: what they may use, what they use, and all their processes at once.
//!
//! A container's group is `plimsoll/ID` below the outermost group in which this user may make others: for
//! root the mounted root, for an ordinary user what was delegated to him. On version 1 it is a directory
//! in each of several hierarchies; no two of them have a file of the same name but for `tasks` and
//! `cgroup.*`, so a [`Cgroup`] is nothing but a list of directories.

mod check;
mod create;
mod devices;
mod error;
mod flags;
mod freezer;
mod hierarchy;
mod rate;
mod remove;
mod setting;
mod stats;
mod update;
mod version_one;
mod version_two;

use std::fs;
use std::path::{Path, PathBuf};

pub use check::{Machine, check};
pub use create::Created;
pub use error::CgroupError;
pub use remove::sweep;
pub use stats::Stats;

/// The directory in which the groups of all containers lie.
const PARENT: &str = "plimsoll";

/// The control group of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cgroup {
    directories: Vec<PathBuf>,
    /// Its one directory is version 2's.
    unified: bool,
    shown: Shown,
}

/// What a container sees of its control group at `/sys/fs/cgroup`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Shown {
    /// An empty directory.
    #[default]
    Nothing,
    /// Version 2.
    Unified,
    /// Version 1: the controllers of each hierarchy.
    Hierarchies(Vec<Vec<String>>),
}

/// `f_type` of the file systems (linux/magic.h).
const VERSION_ONE: i64 = 0x27_e0eb;
const VERSION_TWO: i64 = 0x6367_7270;

impl Cgroup {
    /// A group made before, from what was noted of it. What is no container's group (any more) is left
    /// out: a state file must not make us kill others' processes.
    pub fn open(directories: &[PathBuf]) -> Cgroup {
        let of_containers = directories
            .iter()
            .filter(|path| path.parent().and_then(Path::file_name) == Some(PARENT.as_ref()));
        let (mut directories, mut unified) = (Vec::new(), false);
        for (path, version) in of_containers.filter_map(|path| Some((path, version(path)?))) {
            directories.push(path.clone());
            unified |= version == 2;
        }
        Cgroup { directories, unified, shown: Shown::Nothing }
    }

    /// Its directories: one on version 2, one a hierarchy on version 1, none where none may be made.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// What a container in it sees of it.
    pub(crate) fn shown(&self) -> &Shown {
        &self.shown
    }

    /// Its directory on version 2.
    pub(crate) fn unified(&self) -> Option<&Path> {
        self.directories.first().filter(|_| self.unified).map(PathBuf::as_path)
    }

    /// Its directories in version 1's hierarchies.
    pub(crate) fn hierarchies(&self) -> &[PathBuf] {
        if self.unified { &[] } else { &self.directories }
    }

    /// Pids of its processes, those in groups that it has made of its own included.
    pub fn processes(&self) -> Vec<u32> {
        let Some(any) = self.holder("cgroup.procs") else { return Vec::new() };
        let groups = remove::groups_below(any);
        let texts = groups.iter().filter_map(|group| fs::read_to_string(group.join("cgroup.procs")).ok());
        texts
            .flat_map(|text| text.lines().filter_map(|line| line.parse().ok()).collect::<Vec<u32>>())
            .collect()
    }

    /// How often the kernel has killed a process of it because its memory was used up.
    pub fn oom_kills(&self) -> u64 {
        let text = self.read(if self.unified { "memory.events" } else { "memory.oom_control" });
        text.and_then(|text| stats::number_after("oom_kill", &text)).unwrap_or(0)
    }

    /// The directory that has this file.
    fn holder(&self, file: &str) -> Option<&Path> {
        self.directories.iter().find(|directory| directory.join(file).exists()).map(PathBuf::as_path)
    }

    fn read(&self, file: &str) -> Option<String> {
        self.directories.iter().find_map(|directory| fs::read_to_string(directory.join(file)).ok())
    }
}

/// Version of the control group at a path; `None` if there is none.
fn version(path: &Path) -> Option<u8> {
    match rustix::fs::statfs(path).ok()?.f_type {
        VERSION_ONE => Some(1),
        VERSION_TWO => Some(2),
        _ => None,
    }
}
