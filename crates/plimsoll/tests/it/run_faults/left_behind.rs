//! What containers may leave behind them on a machine.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{World, eventually};

/// No container, process, mount, control group, network interface, draft or rest is left. `ids` are those of
/// containers that were there: others may be on this machine, so what has their names is looked for.
#[track_caller]
pub fn assert_nothing_left(world: &World, ids: &[String]) {
    world.run(&["ps", "-aq"]).ok().is("");
    eventually("prune has the store for itself", || world.run(&["prune", "--keep-cache"]).code == 0);
    world.assert_nothing_left();
    for (directory, left) in [("trash", &[][..]), ("containers/names", &[]), ("containers", &["names"])] {
        assert_eq!(world.in_store(directory), left, "left in {directory}");
    }
    let mark = world.path("").file_name().expect("it has a name").to_string_lossy().into_owned();
    eventually("no process is left", || processes_of(&mark).is_empty());
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("procfs is mounted");
    assert!(!mounts.contains(&mark), "{mounts}");
    for place in
        below(Path::new("/sys/fs/cgroup"), 4).into_iter().chain(below(Path::new("/sys/class/net"), 1))
    {
        let short = |id: &String| place.contains(&id[..8]);
        assert!(!ids.iter().any(short), "{place} is left");
    }
    world.assert_store_valid();
}

/// Commands and monitors have the world's directory among their words or variables; what runs in a container
/// has mounts of files in it.
fn processes_of(mark: &str) -> Vec<PathBuf> {
    let is_ours = |process: &PathBuf| {
        let has = |file| {
            let bytes = fs::read(process.join(file)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(mark)
        };
        ["cmdline", "environ", "mountinfo"].into_iter().any(has)
    };
    let processes = fs::read_dir("/proc").expect("procfs is mounted").flatten();
    processes.map(|entry| entry.path()).filter(is_ours).collect()
}

/// The paths of everything in a directory, so many levels deep.
pub fn below(directory: &Path, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if depth > 1 && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(below(&entry.path(), depth - 1));
        }
    }
    found
}
