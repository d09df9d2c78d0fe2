//! The world of one test: a store of its own, a home, a place for temporary files, and plimsoll as
//! people call it. Everything is gone afterwards, files of other user ids too.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use plimsoll_sys::userns;
use plimsoll_testkit::rootfs;
use tempfile::TempDir;

pub use crate::command::{Output, collect, eventually, finish, wait};

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
    std::env::var_os("PLIMSOLL_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_plimsoll")), PathBuf::from)
}

/// A file or directory of the checkout.
pub fn checkout(path: &str) -> PathBuf {
    let root = std::env::var_os("PLIMSOLL_CHECKOUT")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."), PathBuf::from);
    root.join(path)
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
            world.write(
                "lab/Dockerfile",
                "FROM plimsoll/lab AS plain\nFROM plimsoll/lab:shell\nCOPY --from=plain /etc/passwd /p\n",
            );
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
        std::fs::create_dir_all(path.parent().expect("a file lies in a directory"))
            .expect("directories can be made");
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
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The store is whole: every blob has the digest it is named after, every listed image opens.
    #[track_caller]
    pub fn assert_store_valid(&self) {
        for name in self.in_store("blobs/sha256") {
            let bytes =
                std::fs::read(self.path("store/blobs/sha256").join(&name)).expect("a blob can be read");
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
            let _ =
                self.command(&["rm", "-f"]).args(ids).stdout(Stdio::null()).stderr(Stdio::null()).status();
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
        let _ = Command::new("unshare")
            .args(mapping)
            .args(["rm", "-rf"])
            .arg(path)
            .stderr(Stdio::null())
            .status();
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

/// Set the mode of a file.
pub fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("modes can be set");
}

/// Say what is not tried, and that this is no gap.
pub fn not_applicable(reason: &str) {
    let _ = writeln!(std::io::stderr(), "NOT APPLICABLE: {reason}");
}
