//! The world of one test: a store of its own, a home, a place for temporary files, and plimsoll as
//! people call it. Everything is gone afterwards, files of other user ids too.

use std::io::{Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use plimsoll_sys::userns;
use plimsoll_testkit::rootfs;
use tempfile::TempDir;

/// A command that takes longer than this hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// Which ids plimsoll has here; some results differ with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    /// Real root.
    Root,
    /// An ordinary user with subordinate ids.
    Range,
    /// An ordinary user with one id.
    Single,
}

/// Who runs the tests.
pub fn ids() -> Ids {
    let uid = rustix::process::geteuid();
    match () {
        () if uid.is_root() => Ids::Root,
        () if userns::sub_ids(uid.as_raw()).is_ok() => Ids::Range,
        () => Ids::Single,
    }
}

/// The program under test.
pub fn program() -> PathBuf {
    std::env::var_os("PLIMSOLL_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_plimsoll")), PathBuf::from)
}

/// A file or directory of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    let root = std::env::var_os("PLIMSOLL_CHECKOUT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), PathBuf::from);
    root.join(path)
}

/// What a command has said and how it ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit code; 128+n for a signal.
    pub code: i32,
    /// Standard output as bytes.
    pub bytes: Vec<u8>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    what: String,
}

impl Output {
    /// It ended with 0.
    #[track_caller]
    pub fn ok(&self) -> &Self {
        self.ends(0)
    }

    /// It ended with this code.
    #[track_caller]
    pub fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "exit code of {self}");
        self
    }

    /// Standard error has all these words.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "standard error has no '{word}': {self}");
        }
        self
    }

    /// Standard output has all these words.
    #[track_caller]
    pub fn prints(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stdout.contains(word), "standard output has no '{word}': {self}");
        }
        self
    }

    /// Standard output is exactly this, blanks at its ends aside.
    #[track_caller]
    pub fn is(&self, text: &str) -> &Self {
        assert_eq!(self.stdout.trim(), text, "{self}");
        self
    }

    /// One sentence on standard error, no more: what a mistake of the command line gets.
    #[track_caller]
    pub fn one_sentence(&self) -> &Self {
        let errors = self.stderr.lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(errors, 1, "one sentence was expected: {self}");
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self}"))
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\nexit code {}\n--- stdout\n{}\n--- stderr\n{}",
            self.what, self.code, self.stdout, self.stderr
        )
    }
}

/// A store with its images, made once and linked into the worlds that start from it.
struct Base {
    directory: TempDir,
}

impl Drop for Base {
    fn drop(&mut self) {
        remove(self.directory.path());
    }
}

static BUSYBOX: Mutex<Weak<Base>> = Mutex::new(Weak::new());
static LAB: Mutex<Weak<Base>> = Mutex::new(Weak::new());

/// One test's world.
pub struct World {
    directory: TempDir,
    /// Kept while worlds use it; the last one takes it away.
    _base: Option<Arc<Base>>,
}

impl World {
    /// An empty store.
    pub fn new() -> World {
        let directory = TempDir::with_prefix("plimsoll-it-").expect("a temporary directory can be made");
        for name in ["home", "tmp"] {
            std::fs::create_dir(directory.path().join(name)).expect("a directory can be made");
        }
        World { directory, _base: None }
    }

    /// A store with `bb`: busybox, the users app (1000) and nobody, CMD /bin/sh. `None`, said
    /// aloud, without a static busybox.
    pub fn with_busybox() -> Option<World> {
        World::based(&BUSYBOX, |world| {
            let root = world.path("bb/root");
            std::fs::create_dir_all(&root).expect("a directory can be made");
            let made = rootfs::busybox(&root);
            if made {
                world.write("bb/Dockerfile", "FROM scratch\nCOPY root /\nCMD [\"/bin/sh\"]\n");
                world.run(&["build", "-q", "-t", "bb", "bb"]).ok();
            }
            made
        })
    }

    /// A store with the lab's base images.
    pub fn with_lab() -> World {
        let made = World::based(&LAB, |world| {
            world.write("lab/Dockerfile", "FROM plimsoll/lab AS plain\nFROM plimsoll/lab:shell\nCOPY --from=plain /etc/passwd /p\n");
            world.run(&["build", "-q", "lab"]).ok();
            true
        });
        made.expect("the lab needs nothing of this machine but a shell")
    }

    fn based(base: &Mutex<Weak<Base>>, fill: impl FnOnce(&World) -> bool) -> Option<World> {
        let mut known = base.lock().unwrap_or_else(PoisonError::into_inner);
        let base = match known.upgrade() {
            Some(base) => base,
            None => {
                let world = World::new();
                if !fill(&world) {
                    return None;
                }
                let base = Arc::new(Base { directory: world.keep() });
                *known = Arc::downgrade(&base);
                base
            }
        };
        drop(known);
        let mut world = World::new();
        link_tree(&base.directory.path().join("store"), &world.path("store"));
        world._base = Some(base);
        Some(world)
    }

    /// The directory without the world around it.
    fn keep(self) -> TempDir {
        let empty = TempDir::new().expect("a temporary directory can be made");
        let mut world = self;
        std::mem::replace(&mut world.directory, empty)
    }

    /// A path of this world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A path of this world as a word of a command line.
    pub fn word(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Write a file, its directories too.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("directories can be made");
        std::fs::write(&path, text).expect("a file can be written");
        path
    }

    /// plimsoll with these words, in this world's directory.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(words);
        self.dress(&mut command);
        command
    }

    /// Give a command this world's environment.
    pub fn dress(&self, command: &mut Command) {
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("PLIMSOLL_ROOT", self.path("store"))
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("TERM", "dumb");
    }

    /// Run plimsoll.
    #[track_caller]
    pub fn run(&self, words: &[&str]) -> Output {
        finish(self.command(words), Vec::new())
    }

    /// Run plimsoll with something on its standard input.
    #[track_caller]
    pub fn run_with_input(&self, words: &[&str], input: Vec<u8>) -> Output {
        finish(self.command(words), input)
    }

    /// Build a Dockerfile in the project directory `p` of this world.
    #[track_caller]
    pub fn build(&self, words: &[&str], dockerfile: &str) -> Output {
        self.write("p/Dockerfile", dockerfile);
        let mut all = vec!["build"];
        all.extend(words);
        all.push("p");
        self.run(&all)
    }

    /// The names under a directory of the store.
    pub fn in_store(&self, directory: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("store").join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The store is whole: every blob has the digest it is named after, every listed image opens.
    #[track_caller]
    pub fn assert_store_valid(&self) {
        for name in self.in_store("blobs/sha256") {
            let bytes = std::fs::read(self.path("store/blobs/sha256").join(&name)).expect("a blob can be read");
            assert_eq!(plimsoll_model::Digest::of(&bytes).hex(), name, "a blob has a wrong name");
        }
        let ids = self.run(&["images", "-q"]);
        for id in ids.ok().stdout.lines() {
            self.run(&["inspect", id]).ok();
        }
    }

    /// No container is left, running or not, nor anything that only a process at work needs.
    #[track_caller]
    pub fn assert_nothing_left(&self) {
        self.run(&["ps", "-aq"]).ok().is("");
        let left = self.in_store("tmp");
        assert!(left.is_empty(), "left under tmp: {left:?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let containers = self.in_store("containers");
        let ids: Vec<&str> = containers.iter().map(String::as_str).filter(|name| name.len() == 64).collect();
        if !ids.is_empty() {
            let _ = self.command(&["rm", "-f"]).args(ids).stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
        remove(self.directory.path());
    }
}

/// Remove a tree in which files may belong to subordinate ids, or forbid even their owner.
fn remove(path: &Path) {
    let gone = || std::fs::symlink_metadata(path).is_err();
    if std::fs::remove_dir_all(path).is_ok() || gone() {
        return;
    }
    for mapping in [&["--map-root-user", "--map-auto"][..], &["--map-root-user"][..]] {
        let _ = Command::new("unshare").args(mapping).args(["rm", "-rf"]).arg(path).stderr(Stdio::null()).status();
        if gone() {
            return;
        }
    }
    let _ = writeln!(std::io::stderr(), "left behind: {}", path.display());
}

/// The same tree with hard links to its files; those at its top, locks and the index, are copied.
fn link_tree(from: &Path, to: &Path) {
    link_level(from, to, true);
}

fn link_level(from: &Path, to: &Path, copy: bool) {
    let metadata = std::fs::metadata(from).expect("a store can be read");
    std::fs::create_dir(to).expect("a directory can be made");
    for entry in std::fs::read_dir(from).expect("a store can be read").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a store can be read");
        match () {
            () if kind.is_dir() => link_level(&source, &target, false),
            () if copy => drop(std::fs::copy(&source, &target).expect("a file can be copied")),
            () => std::fs::hard_link(&source, &target).expect("a file can be linked"),
        }
    }
    std::fs::set_permissions(to, metadata.permissions()).expect("modes can be set");
}

/// Run a command to its end, with something on its standard input.
#[track_caller]
pub fn finish(mut command: Command, input: Vec<u8>) -> Output {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let stdin = if input.is_empty() { Stdio::null() } else { Stdio::piped() };
    let mut child = command
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{words:?} does not start: {error}"));
    if let Some(mut pipe) = child.stdin.take() {
        // A program need not read its input to the end.
        std::thread::spawn(move || drop(pipe.write_all(&input)));
    }
    collect(child, words.join(" "))
}

/// What a started command says until its end.
#[track_caller]
pub fn collect(mut child: Child, what: String) -> Output {
    fn reader(from: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut from) = from {
                let _ = from.read_to_end(&mut bytes);
            }
            bytes
        })
    }
    let (stdout, stderr) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let Some(code) = wait(&mut child, LIMIT) else {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{what} has not ended after {LIMIT:?}");
    };
    let bytes = stdout.join().expect("a pipe can be read");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&bytes), text(&stderr.join().expect("a pipe can be read")));
    let output = Output { code, bytes, stdout, stderr, what };
    assert!(!output.stderr.contains("panicked") && !output.stdout.contains("panicked at"), "{output}");
    output
}

/// Wait for the end of a process: its code, 128+n for a signal; `None` when the time is over.
pub fn wait(child: &mut Child, limit: Duration) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    while begun.elapsed() < limit {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    None
}

/// Try again until it is so.
#[track_caller]
pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Set the mode of a file.
pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("modes can be set");
}
