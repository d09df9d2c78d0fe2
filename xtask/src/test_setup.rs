//! What the tests need beside cargo: Debian packages for the peers, a Python module, a Debian base.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

/// Program that shows the package is there, and the Debian package that brings it.
const PEERS: [(&str, &str); 22] = [
    ("buildah", "buildah"),
    ("busybox", "busybox-static"),
    ("bzip2", "bzip2"),
    ("conmon", "conmon"),
    ("curl", "curl"),
    ("docker-registry", "docker-registry"),
    ("dockerd", "docker.io"),
    ("git", "git"),
    ("mmdebstrap", "mmdebstrap"),
    ("newuidmap", "uidmap"),
    ("openssl", "openssl"),
    ("pasta", "passt"),
    ("podman", "podman"),
    ("python3", "python3"),
    ("runc", "runc"),
    ("setpriv", "util-linux"),
    ("skopeo", "skopeo"),
    ("slirp4netns", "slirp4netns"),
    ("strace", "strace"),
    ("umoci", "umoci"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// Environment the tests get from the set-up.
pub struct TestSetup {
    /// `NAME=value` for the test processes.
    pub environment: Vec<(&'static str, PathBuf)>,
}

/// Install what is missing where we may; say what stays missing.
pub fn prepare() -> Result<TestSetup, String> {
    install_peers()?;
    let directory = shell::checkout().join("target/test-setup");
    std::fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut environment = Vec::new();
    if let Some(python) = python_with_kubernetes_validate(&directory) {
        environment.push(("PLIMSOLL_TEST_PYTHON", python));
    }
    if let Some(base) = debian_base(&directory) {
        environment.push(("PLIMSOLL_TEST_DEBIAN", base));
    }
    Ok(TestSetup { environment })
}

fn install_peers() -> Result<(), String> {
    let missing: Vec<&str> =
        PEERS.iter().filter(|(program, _)| !shell::has(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !shell::is_root() || !shell::has("apt-get") {
        eprintln!("xtask: not installed: {}", missing.join(" "));
        eprintln!(
            "xtask: tests that need them will say SKIPPED; as root this command installs them with apt-get"
        );
        return Ok(());
    }
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        command
    };
    shell::run(apt().arg("update"))?;
    shell::run(apt().args(["install", "-y", "--no-install-recommends"]).args(&missing))
}

/// A Python that can validate manifests against the Kubernetes JSON schema.
fn python_with_kubernetes_validate(directory: &Path) -> Option<PathBuf> {
    let venv = directory.join("python");
    let python = venv.join("bin/python");
    let works =
        || shell::output(Command::new(&python).args(["-c", "import kubernetes_validate, yaml"])).is_some();
    if works() {
        return Some(python);
    }
    let made = shell::run(Command::new("python3").args(["-m", "venv"]).arg(&venv)).and_then(|()| {
        shell::run(Command::new(&python).args([
            "-m",
            "pip",
            "install",
            "-q",
            "kubernetes-validate",
            "pyyaml",
        ]))
    });
    if let Err(why) = made {
        eprintln!("xtask: no kubernetes-validate ({why}); manifest tests will say SKIPPED");
        return None;
    }
    works().then_some(python)
}

/// A Debian 12 root file system for the tests that build real servers.
fn debian_base(directory: &Path) -> Option<PathBuf> {
    let tar = directory.join("debian-bookworm.tar");
    if tar.is_file() {
        return Some(tar);
    }
    if !shell::has("mmdebstrap") {
        eprintln!("xtask: no mmdebstrap; tests with real Debian servers will say SKIPPED");
        return None;
    }
    let partial = directory.join("debian-bookworm.partial.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--quiet", "--variant=minbase", "--include=ca-certificates", "bookworm"]).arg(&partial);
    let made =
        shell::run(&mut command).and_then(|()| std::fs::rename(&partial, &tar).map_err(|e| e.to_string()));
    match made {
        Ok(()) => Some(tar),
        Err(why) => {
            eprintln!("xtask: no Debian base ({why}); tests with real Debian servers will say SKIPPED");
            None
        }
    }
}
