//! The three engines behind one door.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::daemon::Docker;
use crate::harness::{World, finish};

/// Which engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// The program under test.
    Plimsoll,
    /// Debian's docker.
    Docker,
    /// Debian's podman.
    Podman,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Name::Plimsoll => "plimsoll",
            Name::Docker => "docker",
            Name::Podman => "podman",
        })
    }
}

/// Something that runs containers.
pub trait Engine: Sync {
    /// Which one.
    fn name(&self) -> Name;

    /// A command of its own.
    fn command(&self, words: &[&str]) -> Command;

    /// The code of a verb that cannot do what it is asked for; `run`, `create` and `exec` have their own.
    fn refusal(&self) -> i32 {
        1
    }

    /// Words that end and remove containers at once.
    fn removal(&self) -> &'static [&'static str] {
        &["rm", "-f"]
    }
}

/// plimsoll with the store of a world.
pub struct Plimsoll<'a>(pub &'a World);

impl Engine for Plimsoll<'_> {
    fn name(&self) -> Name {
        Name::Plimsoll
    }

    fn command(&self, words: &[&str]) -> Command {
        self.0.command(words)
    }
}

impl Engine for Docker {
    fn name(&self) -> Name {
        Name::Docker
    }

    fn command(&self, words: &[&str]) -> Command {
        Docker::command(self, words)
    }
}

/// podman with state of its own.
pub struct Podman {
    directory: PathBuf,
}

/// Debian's runc and tini; no network, which would need plugins; no systemd and no journal; limits that
/// can be set where those of the caller cannot be raised.
const CONFIGURATION: &str = r#"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
init_path = "/usr/bin/tini-static"
[containers]
netns = "none"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"#;

impl Podman {
    /// One whose files lie below `directory`.
    pub fn new(directory: &Path) -> Podman {
        std::fs::create_dir_all(directory).expect("a directory can be made");
        std::fs::write(directory.join("containers.conf"), CONFIGURATION).expect("a file can be written");
        Podman { directory: directory.to_path_buf() }
    }
}

impl Engine for Podman {
    fn name(&self) -> Name {
        Name::Podman
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command.env("CONTAINERS_CONF", self.directory.join("containers.conf"));
        command.arg("--root").arg(self.directory.join("root"));
        command.arg("--runroot").arg(self.directory.join("run"));
        command.arg("--tmpdir").arg(self.directory.join("tmp"));
        command.args(words);
        command
    }

    /// podman(1), Exit codes: what is wrong with podman itself.
    fn refusal(&self) -> i32 {
        125
    }

    /// Without `-t 0` it waits for those that do not obey, without `--ignore` one that is gone saves the others.
    fn removal(&self) -> &'static [&'static str] {
        &["rm", "-f", "-t", "0", "--ignore"]
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        // A container that is left would hold mounts below the directory.
        let mut all = self.command(&["rm", "-f", "-a", "-t", "0"]);
        let _ = all.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

/// Give an engine images from an archive.
pub fn load(engine: &dyn Engine, archive: &[u8]) {
    finish(engine.command(&["load", "-q"]), archive.to_vec()).ok();
}
