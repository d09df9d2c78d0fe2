//! What the tests of the launcher share: a root file system of busybox, and the example `launch`, which
//! enters a user namespace where it needs one (a test harness has threads and cannot) and whose
//! allocator ends it if anything allocates between clone and exec.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Who starts the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Root,
    /// Without sub-ids: one id in the container.
    User,
}

/// An id that no account and no line of /etc/subuid has.
const ORDINARY: u32 = 61_234;

/// One place to start containers from.
pub struct Bed {
    pub who: Who,
    pub dir: tempfile::TempDir,
    launcher: PathBuf,
}

/// What a launched program did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Say aloud that a test is not done; where nothing may be skipped, fail.
#[allow(clippy::print_stderr, reason = "the harness shows it to whoever runs the tests")]
pub fn skip(reason: &str) {
    assert_ne!(std::env::var("PLIMSOLL_NO_SKIP").as_deref(), Ok("1"), "{reason}");
    eprintln!("SKIPPED: {reason}");
}

/// Do a test as root and as an ordinary user, as far as we may.
pub fn for_each(test: impl Fn(&Bed)) {
    if !Path::new("/bin/busybox").exists() {
        return skip("/bin/busybox is not installed (Debian: busybox-static)");
    }
    let root = rustix::process::geteuid().is_root();
    if root {
        test(&Bed::new(Who::Root));
    } else {
        skip("the half of this test that needs root");
    }
    match plimsoll_sys::probe::user_namespace() {
        Ok(()) => test(&Bed::new(Who::User)),
        Err(why) => skip(&why.to_string()),
    }
}

pub const APPLETS: [&str; 30] = [
    "sh", "ls", "cat", "true", "id", "mount", "ps", "env", "pwd", "hostname", "ip", "grep", "stat", "touch",
    "sleep", "mknod", "dd", "chown", "kill", "wc", "tty", "mkdir", "readlink", "unshare", "umount", "echo",
    "rm", "test", "chroot", "sort",
];

impl Bed {
    fn new(who: Who) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let built = std::env::current_exe().unwrap().with_file_name("../examples/launch");
        let launcher = dir.path().join("launch");
        // An ordinary user may not reach the build directory.
        assert!(built.exists(), "the example `launch` is built with the tests of this package");
        copy_program(&built, &launcher);
        let bed = Bed { who, dir, launcher };
        let layer = bed.make_layer("base");
        copy_program(Path::new("/bin/busybox"), &layer.join("bin/busybox"));
        for applet in APPLETS {
            symlink("busybox", layer.join("bin").join(applet)).unwrap();
        }
        bed
    }

    /// A new layer directory with `bin` and `tmp`.
    pub fn make_layer(&self, name: &str) -> PathBuf {
        let layer = self.path(name);
        for dir in ["bin", "tmp", "etc"] {
            fs::create_dir_all(layer.join(dir)).unwrap();
            self.give(&layer.join(dir));
        }
        self.give(&layer);
        fs::set_permissions(layer.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        layer
    }

    /// The user who starts it, if that is not the one who runs the tests.
    pub fn uid(&self) -> u32 {
        ORDINARY
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A directory of whoever starts the container.
    pub fn make_owned(&self, name: &str) -> PathBuf {
        let dir = self.path(name);
        fs::create_dir_all(&dir).unwrap();
        self.give(&dir);
        dir
    }

    /// Layers and scratch directories belong to whoever starts the container.
    fn give(&self, path: &Path) {
        if self.who == Who::User && rustix::process::geteuid().is_root() {
            chown(path, Some(ORDINARY), Some(ORDINARY)).unwrap();
        }
    }

    /// `launch OPTIONS...`, not started yet.
    pub fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(&self.launcher);
        command.args(options).env_clear();
        if self.who == Who::User && rustix::process::geteuid().is_root() {
            command.uid(ORDINARY).gid(ORDINARY);
        }
        command
    }

    /// A fresh container on the base layer.
    pub fn container(&self, options: &[&str]) -> Command {
        let base = self.path("base");
        self.container_of(&[&base], options)
    }

    /// A fresh container on these layers, lowest first.
    pub fn container_of(&self, layers: &[&Path], options: &[&str]) -> Command {
        let scratch = tempfile::tempdir_in(self.dir.path()).unwrap().keep();
        fs::remove_dir(&scratch).unwrap();
        let scratch = self.make_owned(scratch.file_name().unwrap().to_str().unwrap());
        let mut words = vec!["--scratch".to_string(), scratch.to_str().unwrap().to_string()];
        for layer in layers {
            words.extend(["--layer".to_string(), layer.to_str().unwrap().to_string()]);
        }
        words.extend(options.iter().map(ToString::to_string));
        self.command(&words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Run a shell line in a fresh container.
    pub fn sh(&self, options: &[&str], line: &str) -> Done {
        finish(self.container(&[options, &["sh", "-c", line]].concat()))
    }

    /// Run a program in a fresh container.
    pub fn run(&self, options: &[&str]) -> Done {
        finish(self.container(options))
    }

    /// Start `sleep` in a fresh container; the launcher and the container's first process.
    pub fn start(&self, options: &[&str]) -> (Child, u32) {
        let line = "echo ready; exec sleep 1000";
        let mut command = self.container(&[options, &["sh", "-c", line]].concat());
        let mut launcher = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = std::io::BufReader::new(launcher.stdout.as_mut().unwrap());
        let mut word = String::new();
        std::io::BufRead::read_line(&mut out, &mut word).unwrap();
        assert_eq!(word, "ready\n");
        let id = launcher.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let first = children.split_whitespace().next().unwrap().parse().unwrap();
        (launcher, first)
    }
}

/// By another process: a file that this one has open for writing, even for a moment, may be so in a child
/// that another test is just starting, and then cannot be executed.
pub fn copy_program(from: &Path, to: &Path) {
    assert!(Command::new("cp").args([from, to]).status().unwrap().success());
}

pub fn finish(mut command: Command) -> Done {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let code = output.status.code().unwrap_or_else(|| -output.status.signal().unwrap_or(0));
    Done { code, out: text(output.stdout), err: text(output.stderr) }
}

/// Write an executable file.
pub fn script(path: &Path, bytes: &[u8], mode: u32) {
    let mut file = fs::File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_permissions(fs::Permissions::from_mode(mode)).unwrap();
}
