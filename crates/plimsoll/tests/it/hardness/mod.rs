//! What has gone wrong in other runtimes, tried on this one: from inside a hostile image, and from outside
//! by a hostile caller. Each test is named after what must not happen; its comment names the CVE.

mod account_files;
mod callers;
mod capabilities;
mod cgroups;
mod descriptors;
mod environment;
mod host_tools;
mod images;
mod inside;
mod masks;
mod mount_targets;
mod network;
mod proc_and_dev_links;
mod program_file;
mod state_directories;
mod system_calls;
mod terminal;
mod users;
mod volumes;
mod written_files;

use std::path::{Path, PathBuf};

use plimsoll_runtime::container::{Containers, Run, State};
use plimsoll_testkit::rootfs;

use crate::harness::World;

/// What nothing inside a container may know or change.
const UNTOUCHED: &str = "nothing of a container has been here\n";

/// A directory of the host that hostile links lead to.
struct Victim {
    path: PathBuf,
}

impl Victim {
    fn new(world: &World) -> Victim {
        world.write("victim/file", UNTOUCHED);
        Victim { path: world.path("victim") }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    /// Its path as text.
    fn word(&self) -> String {
        self.path.display().to_string()
    }

    /// The way to it from anywhere, upwards.
    fn upwards(&self) -> String {
        format!("{}{}", "../".repeat(40), self.word().trim_start_matches('/'))
    }

    /// Nothing was made, changed or removed.
    #[track_caller]
    fn assert_untouched(&self) {
        let names: Vec<_> = std::fs::read_dir(&self.path).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, ["file"], "something was made in or removed from a directory of the host");
        assert_eq!(std::fs::read_to_string(self.path.join("file")).unwrap(), UNTOUCHED);
    }
}

/// The processes of a running container.
#[track_caller]
fn running(world: &World, name: &str) -> Run {
    let container = Containers::open(&world.path("store")).and_then(|containers| containers.find(name));
    match container.and_then(|container| container.state()) {
        Ok(State::Running { run, .. }) => run,
        other => panic!("{name} does not run: {other:?}"),
    }
}

/// Start a container that only sleeps.
#[track_caller]
fn sleeping(world: &World, name: &str, flags: &[&str]) {
    let words = [&["run", "-d", "--name", name][..], flags, &["bb", "sleep", "1000"]].concat();
    world.run(&words).ok();
}

/// Build `evil`: busybox, but with a link, or an empty file, in place of one of its directories.
#[track_caller]
fn image_with(world: &World, directory: &str, link: Option<&str>) {
    let root = world.path("p/root");
    let _ = std::fs::remove_dir_all(&root);
    std::fs::create_dir_all(&root).unwrap();
    rootfs::busybox(&root);
    std::fs::remove_dir_all(root.join(directory)).unwrap();
    match link {
        Some(target) => std::os::unix::fs::symlink(target, root.join(directory)).unwrap(),
        None => drop(std::fs::File::create(root.join(directory)).unwrap()),
    }
    world.build(&["-t", "evil"], "FROM scratch\nCOPY root /\n").ok();
}
