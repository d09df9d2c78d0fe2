//! Debian's docker with a daemon of its own: private directories, private network and mount namespaces for
//! its bridge, its ports and what it mounts; gone with its owner.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_testkit::{program, skip};

use crate::command::wait;

/// A running daemon.
pub struct Docker {
    daemon: Child,
    socket: String,
}

/// Debian's client: another one that stands before it in PATH is of another version.
const CLIENT: &str = "/usr/bin/docker";

/// How long the daemon may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

impl Docker {
    /// Start one whose files lie below `directory`; `None`, said aloud, where it does not start.
    pub fn start(directory: &Path) -> Option<Docker> {
        program("dockerd")?;
        std::fs::create_dir_all(directory).expect("a directory can be made");
        let log = directory.join("log");
        let output = File::create(&log).expect("a file can be made");
        let socket = format!("unix://{}", directory.join("docker.sock").display());
        // setpriv: a test that is killed takes the daemon with it.
        let daemon = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "unshare", "--net", "--mount"])
            .args(["sh", "-c", "busybox ip link set lo up; exec dockerd --iptables=false \"$@\"", "sh"])
            .args(["--host", &socket])
            .arg("--data-root")
            .arg(directory.join("data"))
            .arg("--exec-root")
            .arg(directory.join("run"))
            .arg("--pidfile")
            .arg(directory.join("pid"))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a descriptor can be doubled"))
            .stderr(output)
            .spawn()
            .expect("setpriv can be started");
        let mut docker = Docker { daemon, socket };
        docker.answers().then_some(docker).or_else(|| {
            skip(&format!("dockerd does not start here: {}", last_line(&log)));
            None
        })
    }

    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && matches!(self.daemon.try_wait(), Ok(None)) {
            let mut version = self.command(&["version"]);
            if version.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        false
    }

    /// A docker command for this daemon, which builds with the classic builder.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(CLIENT);
        command.env("DOCKER_BUILDKIT", "0").arg("--host").arg(&self.socket).args(words);
        command
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.daemon.id().to_string()).status();
        if wait(&mut self.daemon, PATIENCE).is_none() {
            let _ = self.daemon.kill();
            let _ = self.daemon.wait();
        }
    }
}

fn last_line(log: &PathBuf) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("it says nothing").to_string()
}
