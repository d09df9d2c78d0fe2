//! `cargo xtask bench`: plimsoll beside docker, podman, buildah and runc, whichever are installed.
//!
//! All competitors run in turn within each round, so that a busy machine disturbs all alike; what is
//! printed are medians and ratios of them. Nothing here fails for being slow: the numbers are for
//! people, the promises in SPECIFICATION.md name them.

mod competitors;
mod containers;
mod lint;
mod many_files;
mod measure;
mod proof;
mod prove;
mod stored_image;
mod twelve_steps;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;
use competitors::Competitors;
use measure::{Contest, Entry};

/// Run all contests, or those whose name contains one of the words.
pub fn bench(words: &[&str]) -> Result<(), String> {
    let binary = shell::release_binary()?;
    let place = Place::new(&binary)?;
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let competitors = Competitors::find(place.path());
    println!("on {} processors, {}", processors(), competitors.words());
    type Make = fn(&Place, &Competitors) -> Result<Contest, String>;
    let contests: &[(&str, Make)] = &[
        ("run", containers::run),
        ("exec", containers::exec),
        ("cached-build", cached_build),
        ("cold-build", cold_build),
        ("twelve-steps-cached", twelve_steps::cached),
        ("twelve-steps-cold", twelve_steps::cold),
        ("many-files-cold", many_files::cold),
        ("many-files-cached", many_files::cached),
        ("many-files-one-changed", many_files::one_changed),
        ("explain", explain),
        ("explain-stored-few", stored_image::few),
        ("explain-stored-many", stored_image::many),
        ("lint-one-file", lint::one_file),
        ("lint-corpus", lint::corpus),
    ];
    for (name, make) in contests {
        if wanted(name) {
            make(&place, &competitors)?.hold();
        }
        if *name == "exec" {
            containers::end_exec(&place, &competitors);
        }
    }
    type Measure = fn(&Place) -> Result<(), String>;
    let measures: &[(&str, Measure)] = &[
        ("run-cost", containers::cost),
        ("run-parallel", containers::parallel),
        ("list-and-memory", containers::list_and_memory),
        ("port-forwarding", containers::forwarding),
        ("memory", many_files::memory),
        ("prove", prove::hello),
        ("prove-hello", proof::hello),
    ];
    for (name, measure) in measures {
        if wanted(name) {
            measure(&place)?;
        }
    }
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A scratch directory with a store of its own and the image all contests start from.
pub struct Place {
    directory: PathBuf,
    binary: PathBuf,
}

impl Place {
    fn new(binary: &Path) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("plimsoll-bench-{}", std::process::id()));
        let place = Place { directory, binary: binary.to_path_buf() };
        let context = place.path().join("busybox");
        std::fs::create_dir_all(&context).map_err(|error| error.to_string())?;
        let busybox = ["/bin/busybox", "/usr/bin/busybox"].iter().find(|path| Path::new(path).is_file());
        let busybox = busybox.ok_or("busybox is not installed (Debian package busybox-static)")?;
        std::fs::copy(busybox, context.join("busybox")).map_err(|error| error.to_string())?;
        place.write("busybox/passwd", "root:x:0:0:root:/root:/bin/sh\n")?;
        let links = ["sh", "true", "cat", "echo", "mkdir", "touch", "sleep", "nc"]
            .map(|name| format!("/bin/busybox ln -s busybox /bin/{name}"));
        let run = format!("RUN [\"/bin/busybox\", \"sh\", \"-c\", \"{}\"]\n", links.join(" && "));
        let dockerfile = format!(
            "FROM scratch\nCOPY busybox /bin/busybox\nCOPY passwd /etc/passwd\n{run}CMD [\"/bin/sh\"]\n"
        );
        place.write("busybox/Dockerfile", &dockerfile)?;
        place.quiet(place.plimsoll(&["build", "-q", "-t", "localhost/bench:1"]).arg(&context))?;
        let archive = place.path().join("bench.tar");
        place.quiet(place.plimsoll(&["save", "-o"]).arg(&archive).arg("localhost/bench:1"))?;
        Ok(place)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.directory
    }

    fn write(&self, name: &str, text: &str) -> Result<(), String> {
        let path = self.directory.join(name);
        let parent = path.parent().expect("below the directory");
        std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|error| error.to_string())
    }

    /// A plimsoll command on the contest's own store.
    pub fn plimsoll(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.env("PLIMSOLL_ROOT", self.directory.join("store")).args(words);
        command
    }

    /// Run to the end; an error shows what it said.
    pub fn quiet(&self, command: &mut Command) -> Result<(), String> {
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        output.status.success().then_some(()).ok_or_else(|| format!("{command:?}: {said}"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

const STEPS: &str = "FROM localhost/bench:1\nCOPY data /data\nRUN echo one > /one\nRUN mkdir /two && touch /two/file\nCMD [\"/bin/true\"]\n";

fn build_context(place: &Place) -> Result<PathBuf, String> {
    place.write("three/Dockerfile", STEPS)?;
    for number in 0..200 {
        place
            .write(&format!("three/data/{}/{number}", number % 10), &format!("file {number}\n").repeat(50))?;
    }
    Ok(place.path().join("three"))
}

fn builders(
    place: &Place,
    competitors: &Competitors,
    contest: &mut Contest,
    cached: bool,
) -> Result<(), String> {
    let context = build_context(place)?;
    let no_cache: &[&str] = if cached { &[] } else { &["--no-cache"] };
    let mut plimsoll = place.plimsoll(&["build", "-q", "-t", "three"]);
    contest.enter(Entry::new("plimsoll", {
        plimsoll.args(no_cache).arg(&context);
        plimsoll
    }));
    competitors.load(place)?;
    if let Some(mut buildah) = competitors.buildah(&["build", "-q", "--layers", "-t", "localhost/three"]) {
        contest.enter(Entry::new("buildah", {
            buildah.args(no_cache).arg(&context);
            buildah
        }));
    }
    if let Some(docker) = &competitors.docker {
        let mut build = docker.command(&["build", "-q", "--network", "none", "-t", "three"]);
        contest.enter(Entry::new("docker", {
            build.args(no_cache).arg(&context);
            build
        }));
    }
    Ok(())
}

/// Nothing has changed since the last build.
fn cached_build(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let mut contest = Contest::new("build of three steps, all cached", 9);
    builders(place, competitors, &mut contest, true)?;
    Ok(contest)
}

/// Every step runs.
fn cold_build(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let mut contest = Contest::new("build of three steps, nothing cached", 5);
    builders(place, competitors, &mut contest, false)?;
    Ok(contest)
}

/// Nobody else explains; `hadolint` at least reads the same file.
fn explain(place: &Place, competitors: &Competitors) -> Result<Contest, String> {
    let mut contest = Contest::new("explain of a Dockerfile", 12);
    let file = shell::checkout().join("examples/shell-form/Dockerfile");
    // Findings are what is expected here.
    let words = ["explain", "--fail-on", "never"];
    let mut plimsoll = place.plimsoll(&words);
    contest.enter(Entry::new("plimsoll", {
        plimsoll.arg(&file);
        plimsoll
    }));
    if let Some(mut hadolint) = competitors.hadolint() {
        contest.enter(Entry::new("hadolint", {
            hadolint.arg("--no-fail").arg(&file);
            hadolint
        }));
    }
    Ok(contest)
}
