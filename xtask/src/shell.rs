//! Running other programs and finding the checkout.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The root of the checkout.
pub fn checkout() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask lies in the checkout").to_path_buf()
}

/// Run a command line, inheriting the terminal; an error names it.
pub fn run(command: &mut Command) -> Result<(), String> {
    eprintln!("+ {}", describe(command));
    let status = command.status().map_err(|error| format!("{}: {error}", describe(command)))?;
    status.success().then_some(()).ok_or_else(|| format!("{}: {status}", describe(command)))
}

/// How many tests libtest runs at a time.
const TEST_THREADS: &str = "RUST_TEST_THREADS";

/// Run tests as [`run`] does, twice as many at a time as there are processors: most of them wait for containers
/// to start and stop. The error repeats what libtest said of those that failed: thousands of lines
/// of other tests may follow, and some readers see only the end.
pub fn run_tests(command: &mut Command) -> Result<(), String> {
    let described = describe(command);
    eprintln!("+ {described}");
    if std::env::var_os(TEST_THREADS).is_none() {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        command.env(TEST_THREADS, (2 * processors).to_string());
    }
    let failed = |error: std::io::Error| format!("{described}: {error}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut failures = Failures::default();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).into_owned();
        println!("{line}");
        failures.read(line);
    }
    let status = child.wait().map_err(failed)?;
    let repeated = failures.blocks.join("\n");
    status.success().then_some(()).ok_or_else(|| format!("{described}: {status}\n{repeated}"))
}

/// What libtest prints between `failures:` and `test result:`.
#[derive(Default)]
struct Failures {
    inside: bool,
    blocks: Vec<String>,
}

impl Failures {
    fn read(&mut self, line: String) {
        self.inside = match line.as_str() {
            "failures:" => true,
            line if line.starts_with("test result:") => false,
            _ => self.inside,
        };
        if self.inside {
            self.blocks.push(line);
        }
    }
}

/// Run a command quietly; its stdout if it succeeded.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a program is found in PATH.
pub fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// Whether we are root.
pub fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

/// The release binary, built now.
pub fn release_binary() -> Result<PathBuf, String> {
    run(cargo().args(["build", "--release", "--package", "plimsoll"]))?;
    let found =
        target_directories().into_iter().map(|dir| dir.join("release/plimsoll")).find(|p| p.is_file());
    found.ok_or_else(|| "cargo built no release/plimsoll".to_string())
}

/// `cargo`, in the checkout.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.current_dir(checkout());
    command
}

/// Where cargo may have put artifacts: `target/HOST-TUPLE`, since a target is always named.
fn target_directories() -> Vec<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout().join("target"), PathBuf::from);
    let entries = std::fs::read_dir(&target).into_iter().flatten().flatten();
    let is_tuple =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-linux-"));
    entries.map(|entry| entry.path()).filter(is_tuple).collect()
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
