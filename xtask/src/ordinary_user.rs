//! The integration tests as an ordinary user, run by root on the binaries it has just built.
//!
//! Nothing of the machine is changed: the account and its subordinate ids exist only in a mount
//! namespace, as files mounted over /etc/passwd, /etc/group, /etc/subuid and /etc/subgid; so does a
//! /dev/net/tun that everybody may open, as udev makes it, where the machine has the device.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

/// Subordinate ids of the account.
#[derive(Clone, Copy, PartialEq)]
pub enum SubIds {
    /// 65,536 of them, and newuidmap to use them.
    Range,
    /// None: one mapped id.
    None,
}

/// The account's ids: high enough to be nobody else's.
const UID: u32 = 54_321;
const NAME: &str = "plimsoll-test";
const FIRST_SUB_ID: u32 = 5_432_100;

/// What is run as the ordinary user, freshly built.
pub struct Built {
    /// Integration test binaries (`tests/it`) of the crates that touch the world, with the crate.
    tests: Vec<(&'static str, PathBuf)>,
    /// Cargo's directory with the program and the examples.
    directory: PathBuf,
}

/// The crates that touch the world.
pub const CRATES: [&str; 3] = ["plimsoll-image", "plimsoll-runtime", "plimsoll"];

/// Build the integration tests of these crates, and the program.
pub fn integration_tests(crates: &[&'static str]) -> Result<Built, String> {
    let mut tests = Vec::new();
    for package in crates {
        tests.push((*package, integration_test(package)?));
    }
    let directory = tests.first().and_then(|(_, test)| Some(test.parent()?.parent()?.to_path_buf()));
    Ok(Built { tests, directory: directory.ok_or("cargo built no integration tests")? })
}

/// Build the integration tests of a crate: their binary.
pub fn integration_test(package: &str) -> Result<PathBuf, String> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--no-run", "--message-format=json", "--package", package]);
    let json = shell::output(&mut cargo).ok_or_else(|| format!("the tests of {package} do not build"))?;
    let mut messages = json.lines().filter(|line| line.contains("\"name\":\"it\""));
    messages.find_map(executable).ok_or_else(|| format!("cargo built no integration tests of {package}"))
}

/// The `"executable":"PATH"` of a cargo message.
fn executable(message: &str) -> Option<PathBuf> {
    let rest = message.split("\"executable\":\"").nth(1)?;
    Some(PathBuf::from(rest.split('"').next()?))
}

/// Run the tests as the ordinary user; with words, as libtest takes them, only some.
pub fn run(
    built: &Built,
    ids: SubIds,
    environment: &[(&'static str, PathBuf)],
    words: &[&str],
) -> Result<(), String> {
    let home = std::env::temp_dir().join(format!("plimsoll-test-{}", std::process::id()));
    let result = lay_out(&home, built, ids, environment, words).and_then(|script| {
        let words = if ids == SubIds::Range { "with sub-ids" } else { "without sub-ids" };
        eprintln!("xtask: integration tests as an ordinary user {words}");
        shell::run_tests(
            Command::new("unshare").args(["--mount", "--propagation", "private", "sh", "-eu"]).arg(&script),
        )
    });
    remove(&home);
    result
}

/// The tests leave files of subordinate ids behind in their scratch directories; we are root.
fn remove(home: &Path) {
    if let Err(error) = std::fs::remove_dir_all(home) {
        eprintln!("xtask: {} stays behind: {error}", home.display());
    }
}

/// Copy what is run to where the user can read it, and write the script that becomes the user.
fn lay_out(
    home: &Path,
    built: &Built,
    ids: SubIds,
    environment: &[(&'static str, PathBuf)],
    words: &[&str],
) -> Result<PathBuf, String> {
    let bin = home.join("bin");
    for directory in ["bin/deps", "bin/examples", "etc", "data", "checkout"] {
        make(&home.join(directory))?;
    }
    write_accounts(home, ids)?;
    for directory in ["docs", "examples", "crates/plimsoll/tests"] {
        let to = home.join("checkout").join(directory);
        make(to.parent().expect("below home"))?;
        shell::run(Command::new("cp").arg("-a").arg(shell::checkout().join(directory)).arg(&to))?;
    }
    copy(&built.directory.join("plimsoll"), &bin.join("plimsoll"))?;
    copy(&built.directory.join("examples/launch"), &bin.join("examples/launch"))?;
    let mut variables = String::new();
    for (name, path) in environment.iter().filter(|(_, path)| path.extension().is_some()) {
        let to = home.join("data").join(path.file_name().expect("a file"));
        copy(path, &to)?;
        variables.push_str(&format!(" {name}={}", to.display()));
    }
    let mut script = format!(
        "for file in passwd group subuid subgid; do\n  [ -e /etc/$file ] || touch /etc/$file\n  \
         mount --bind {0}/etc/$file /etc/$file\ndone\n{TUN}chown -R {UID}:{UID} {0}\nchmod 700 {0}\ncd {0}\nfailed=0\n",
        home.display()
    );
    // The launcher's tests lend themselves a range of ids, and say what holds without one.
    let suits = |package: &str| package != "plimsoll-runtime" || ids == SubIds::None;
    for (_, test) in built.tests.iter().filter(|(package, _)| suits(package)) {
        let name = test.file_name().expect("an executable has a name").to_string_lossy();
        copy(test, &bin.join("deps").join(&*name))?;
        let words = words.join(" ");
        script.push_str(&format!("{}{variables} bin/deps/{name} {words} || failed=1\n", become_user(home)));
    }
    script.push_str("exit $failed\n");
    let path = home.join("run.sh");
    std::fs::write(&path, script).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn make(directory: &Path) -> Result<(), String> {
    std::fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(from, to).map(drop).map_err(|error| format!("{}: {error}", from.display()))
}

/// The machine's accounts and the user's.
fn write_accounts(home: &Path, ids: SubIds) -> Result<(), String> {
    let etc = home.join("etc");
    let range = if ids == SubIds::Range { format!("{NAME}:{FIRST_SUB_ID}:65536\n") } else { String::new() };
    let read = |file: &str| std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"));
    let files = [
        ("passwd", format!("{}{NAME}:x:{UID}:{UID}::{}:/bin/sh\n", read("/etc/passwd")?, home.display())),
        ("group", format!("{}{NAME}:x:{UID}:\n", read("/etc/group")?)),
        ("subuid", range.clone()),
        ("subgid", range),
    ];
    for (name, text) in files {
        std::fs::write(etc.join(name), text).map_err(|error| format!("{}: {error}", etc.display()))?;
    }
    Ok(())
}

/// Minor number 200 of major 10 (Linux, `devices.txt`).
const TUN: &str = "if [ -c /dev/net/tun ]; then\n  mount -t tmpfs -o mode=755 tmpfs /dev/net\n  \
                   mknod -m 666 /dev/net/tun c 10 200\nfi\n";

/// The command prefix that becomes the user, with an environment of its own.
fn become_user(home: &Path) -> String {
    let home = home.display();
    format!(
        "setpriv --reuid {UID} --regid {UID} --clear-groups env HOME={home} USER={NAME} TMPDIR={home} \
         PLIMSOLL_BIN={home}/bin/plimsoll PLIMSOLL_CHECKOUT={home}/checkout"
    )
}
