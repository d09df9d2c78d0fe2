//! COPY of 20,000 files: cold, cached, with one file changed; and the memory it takes.
//!
//! Docker and buildah have no cheaper way of starting anew than `--no-cache`; plimsoll starts with an
//! empty store, since `--no-cache` would still find blocks that were packed before. `by hand` is what
//! nobody can avoid: `cp -a`, `sha256sum` and `gzip -6` of the same tree, one after the other.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use super::Place;
use super::competitors::Competitors;
use super::measure::{Contest, Entry};

const FILES: usize = 20_000;

/// Nothing is known yet.
pub fn cold(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let tree = Tree::make(place, "many", FILES, 10_000)?;
    let mut contest = Contest::new("COPY of 20,000 files, nothing cached", 3);
    let (store, copy) = (tree.store.clone(), place.path().join("copy"));
    let plimsoll = Entry::new("plimsoll", tree.plimsoll(place));
    contest.enter(plimsoll.after(move || drop(fs::remove_dir_all(&store))));
    let by_hand = Entry::new("by hand", tree.by_hand(&copy));
    contest.enter(by_hand.after(move || drop(fs::remove_dir_all(&copy))));
    tree.others(competitors, &mut contest, &["--no-cache"], None);
    Ok(contest)
}

/// Nothing has changed since the last build.
pub fn cached(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let tree = Tree::make(place, "many", FILES, 10_000)?;
    let mut contest = Contest::new("COPY of 20,000 files, all cached", 5);
    contest.enter(Entry::new("plimsoll", tree.plimsoll(place)));
    tree.others(competitors, &mut contest, &[], None);
    Ok(contest)
}

/// One file has other bytes than in the last build.
pub fn one_changed(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let tree = Tree::make(place, "many", FILES, 10_000)?;
    let mut contest = Contest::new("COPY of 20,000 files, one changed", 3);
    let changed = tree.context.join("data/100/file-100");
    contest.enter(Entry::new("plimsoll", tree.plimsoll(place)).after(grow(&changed)));
    tree.others(competitors, &mut contest, &[], Some(&changed));
    Ok(contest)
}

/// The most memory a build takes, whatever is copied.
pub fn memory(place: &Place) -> Result<(), String> {
    println!("\nmost memory of a cold build (VmHWM)");
    let trees = [
        ("20,000 files of 10 kB", Tree::make(place, "many", FILES, 10_000)?),
        ("200,000 files of 300 bytes", Tree::make(place, "small", 200_000, 300)?),
        ("one file of 3 GB", Tree::of_one_file(place, 3 << 30)?),
    ];
    for (what, tree) in trees {
        let _ = fs::remove_dir_all(&tree.store);
        println!("  {what:28} {:>6.1} MB", most_memory(&mut tree.plimsoll(place))? as f64 / 1e3);
    }
    Ok(())
}

/// Append a line before every run.
fn grow(path: &Path) -> impl Fn() + 'static {
    let path = path.to_path_buf();
    move || {
        let file = File::options().append(true).open(&path);
        file.and_then(|mut file| file.write_all(b"one more line\n")).expect("a file of ours");
    }
}

/// A context with one COPY.
struct Tree {
    context: PathBuf,
    store: PathBuf,
}

impl Tree {
    fn new(place: &Place, name: &str) -> Result<Self, String> {
        place.write(&format!("{name}/Dockerfile"), "FROM scratch\nCOPY data /data\n")?;
        Ok(Tree { context: place.path().join(name), store: place.path().join("store-of-many") })
    }

    /// Text that packs to about half, in 200 directories.
    fn make(place: &Place, name: &str, files: usize, size: usize) -> Result<Self, String> {
        let tree = Tree::new(place, name)?;
        if tree.context.join("data").exists() {
            return Ok(tree);
        }
        let mut text = Text(7);
        for number in 0..files {
            let path = format!("{name}/data/{}/file-{number}", number % 200);
            place.write(&path, &text.next(size))?;
        }
        Ok(tree)
    }

    fn of_one_file(place: &Place, size: usize) -> Result<Self, String> {
        let tree = Tree::new(place, "large")?;
        place.write("large/data/file", "")?;
        let mut text = Text(8);
        let piece = text.next(4 << 20);
        let file = File::create(tree.context.join("data/file"));
        let mut file = file.map_err(|error| error.to_string())?;
        for _ in 0..size / piece.len() {
            file.write_all(piece.as_bytes()).map_err(|error| error.to_string())?;
        }
        Ok(tree)
    }

    fn plimsoll(&self, place: &Place) -> Command {
        let mut command = place.plimsoll(&["build", "-q", "-t", "many"]);
        command.env("PLIMSOLL_ROOT", &self.store).arg(&self.context);
        command
    }

    fn by_hand(&self, copy: &Path) -> Command {
        let script = "cp -a \"$0/data\" \"$1\" && find \"$0/data\" -type f -print0 | xargs -0 sha256sum \
                      && tar c -C \"$0\" data | gzip -6";
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(&self.context).arg(copy);
        command
    }

    fn others(
        &self,
        competitors: &Competitors,
        contest: &mut Contest,
        flags: &[&str],
        changed: Option<&Path>,
    ) {
        let buildah = competitors.buildah(&["build", "-q", "--layers", "-t", "localhost/many"]);
        let docker = competitors.docker.as_ref().map(|docker| docker.command(&["build", "-q", "-t", "many"]));
        for (name, command) in [("buildah", buildah), ("docker", docker)] {
            let Some(mut command) = command else { continue };
            command.args(flags).arg(&self.context);
            let entry = Entry::new(name, command);
            contest.enter(match changed {
                Some(path) => entry.after(grow(path)),
                None => entry,
            });
        }
    }
}

/// Words of a small vocabulary and noise in turn; the same every time.
struct Text(u64);

impl Text {
    fn random(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 24
    }

    fn next(&mut self, size: usize) -> String {
        let mut text = String::with_capacity(size + 32);
        while text.len() < size {
            let word = self.random() % 2000;
            text += &format!("word{word} {:010x}\n", self.random());
        }
        text.truncate(size);
        text
    }
}

/// Kilobytes, as the kernel last told them before the process ended.
fn most_memory(command: &mut Command) -> Result<u64, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(now.unwrap_or(0));
        match child.try_wait().map_err(failed)? {
            Some(end) if end.success() => return Ok(most),
            Some(end) => return Err(format!("{command:?}: {end}")),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}
