//! The end of a control group: of its processes, and of its directories.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::error::CgroupError;
use super::hierarchy;
use super::setting::write;
use super::{Cgroup, PARENT};

/// How long the kernel is given to let go of what has ended: pauses of 1 ms to 1/8 s, 2 s in all.
fn pauses() -> impl Iterator<Item = Duration> {
    (0..7u32).map(|power| 1 << power).chain([125; 15]).map(Duration::from_millis)
}

impl Cgroup {
    /// What there is of a container, whoever made it and however far that went.
    pub fn of_container(id: &str) -> Cgroup {
        let tops = hierarchy::read().into_iter().filter_map(|hierarchy| hierarchy.top());
        let directories: Vec<PathBuf> = tops.map(|top| top.join(PARENT).join(id)).collect();
        Cgroup::open(&directories)
    }

    /// Kill all its processes and wait until they are gone.
    pub fn kill_all(&self) -> Result<(), CgroupError> {
        for pause in pauses() {
            if self.processes().is_empty() {
                return Ok(());
            }
            self.kill_those_there();
            std::thread::sleep(pause);
        }
        let source = io::Error::other("some are still there after SIGKILL");
        Err(CgroupError::System { action: "end the processes of a container".into(), source })
    }

    fn kill_those_there(&self) {
        if let Some(directory) = self.holder("cgroup.kill")
            && write(&directory.join("cgroup.kill"), "1").is_ok()
        {
            return;
        }
        // While they stand still none of them can start another one.
        let frozen = self.is_frozen() || self.freeze().is_ok();
        let descriptors: Vec<(u32, OwnedFd)> =
            self.processes().into_iter().filter_map(|pid| Some((pid, descriptor(pid)?))).collect();
        // A pid may have changed hands before its descriptor was opened, but not since.
        let still_there = self.processes();
        for (pid, pidfd) in descriptors {
            if still_there.contains(&pid) {
                let _ = pidfd_send_signal(&pidfd, Signal::KILL);
            }
        }
        if frozen {
            let _ = self.thaw();
        }
    }

    /// Remove its directories. Processes that outlive their container are killed.
    pub fn remove(&self) -> Result<(), CgroupError> {
        // Nearly always they are empty. What is still busy is looked at closely.
        let busy: Vec<&PathBuf> =
            self.directories.iter().filter(|directory| fs::remove_dir(directory).is_err()).collect();
        if !busy.is_empty() {
            self.kill_all()?;
        }
        busy.into_iter().map(|directory| remove_tree(directory)).fold(Ok(()), Result::and)
    }
}

fn descriptor(pid: u32) -> Option<OwnedFd> {
    pidfd_open(Pid::from_raw(i32::try_from(pid).ok()?)?, PidfdFlags::empty()).ok()
}

/// A group and the groups below it, outermost first. A privileged container makes groups of its own.
pub(super) fn groups_below(group: &Path) -> Vec<PathBuf> {
    let mut groups = vec![group.to_path_buf()];
    let mut next = 0;
    while let Some(group) = groups.get(next) {
        let entries = fs::read_dir(group).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        groups.extend(directories.map(|entry| entry.path()).collect::<Vec<_>>());
        next += 1;
    }
    groups
}

fn remove_tree(group: &Path) -> Result<(), CgroupError> {
    groups_below(group).iter().rev().try_for_each(|path| remove_group(path))
}

/// The kernel says busy until the last process is quite gone, some time after its parent has heard of it.
fn remove_group(path: &Path) -> Result<(), CgroupError> {
    let mut pauses = pauses();
    loop {
        match fs::remove_dir(path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => {
                let busy = Errno::from_io_error(&error) == Some(Errno::BUSY);
                match pauses.next().filter(|_| busy) {
                    Some(pause) => std::thread::sleep(pause),
                    None => return Err(CgroupError::at("remove", path)(error)),
                }
            }
        }
    }
}

/// A younger group may belong to a container of another store that is just being started.
const YOUNG: Duration = Duration::from_secs(60);

/// Remove what killed monitors have left behind: empty groups of containers that do not live. Those of
/// other stores lie beside ours, so nothing that has processes is touched.
pub fn sweep(living: &dyn Fn(&str) -> bool) {
    for top in hierarchy::read().iter().filter_map(hierarchy::Hierarchy::top) {
        sweep_in(&top.join(PARENT), living, YOUNG);
    }
}

fn sweep_in(parent: &Path, living: &dyn Fn(&str) -> bool, young: Duration) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let made = entry.metadata().and_then(|metadata| metadata.modified());
        let age = made.map(|made| SystemTime::now().duration_since(made).unwrap_or_default());
        if !living(&name) && age.is_ok_and(|age| age >= young) {
            // Files are no directories, and what is in use is busy.
            groups_below(&entry.path()).iter().rev().for_each(|path| drop(fs::remove_dir(path)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_groups_of_nobody_are_swept() {
        let parent = tempfile::tempdir().unwrap();
        let group = |name: &str| parent.path().join(name);
        for name in ["lives", "gone/below", "busy"] {
            fs::create_dir_all(group(name)).unwrap();
        }
        // A directory with a file in it cannot be removed, like a group with a process in it.
        fs::write(group("busy/process"), "").unwrap();
        sweep_in(parent.path(), &|name| name == "lives", Duration::from_secs(3600));
        assert!(group("gone").exists(), "it may be about to be used");
        sweep_in(parent.path(), &|name| name == "lives", Duration::ZERO);
        assert!(group("lives").exists() && group("busy/process").exists() && !group("gone").exists());
    }

    #[test]
    fn what_is_left_is_waited_for_a_bounded_time() {
        assert_eq!(pauses().sum::<Duration>(), Duration::from_millis(127 + 15 * 125));
    }
}
