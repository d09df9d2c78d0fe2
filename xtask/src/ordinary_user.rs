//! The integration tests as an ordinary user, run by root on the binaries it has just built.
//!
//! Nothing of the machine is changed: the account and its subordinate ids exist only in a mount
//! namespace, as files mounted over /etc/passwd, /etc/group, /etc/subuid and /etc/subgid.

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

/// Integration test binaries (`tests/it`) of the crates that touch the world, freshly built, and
/// the program itself.
pub fn integration_tests() -> Result<Vec<PathBuf>, String> {
    let mut tests = Vec::new();
    for package in ["plimsoll-image", "plimsoll-runtime", "plimsoll-build", "plimsoll-prove", "plimsoll"] {
        let mut cargo = shell::cargo();
        cargo.args(["test", "--no-run", "--message-format=json", "--package", package, "--tests"]);
        let json = shell::output(&mut cargo).ok_or_else(|| format!("the tests of {package} do not build"))?;
        tests.extend(json.lines().filter(|line| line.contains("\"name\":\"it\"")).filter_map(executable));
    }
    Ok(tests)
}

/// The `"executable":"PATH"` of a cargo message.
fn executable(message: &str) -> Option<PathBuf> {
    let rest = message.split("\"executable\":\"").nth(1)?;
    Some(PathBuf::from(rest.split('"').next()?))
}

/// Run the tests as the ordinary user.
pub fn run(tests: &[PathBuf], ids: SubIds, prepare: &dyn Fn(&mut Command)) -> Result<(), String> {
    let home = std::env::temp_dir().join(format!("plimsoll-test-{}", std::process::id()));
    let result = lay_out(&home, tests, ids).and_then(|script| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-eu"]).arg(&script);
        prepare(&mut command);
        let words = if ids == SubIds::Range { "with sub-ids" } else { "without sub-ids" };
        eprintln!("xtask: integration tests as an ordinary user {words}");
        shell::run(&mut command)
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

/// Copy the binaries to where the user can read them and write the script that becomes the user.
fn lay_out(home: &Path, tests: &[PathBuf], ids: SubIds) -> Result<PathBuf, String> {
    let at = |error: std::io::Error| format!("{}: {error}", home.display());
    let checkout = shell::checkout();
    std::fs::create_dir_all(home.join("bin")).map_err(at)?;
    std::fs::create_dir_all(home.join("etc")).map_err(at)?;
    for file in ["passwd", "group"] {
        let mut text = std::fs::read_to_string(format!("/etc/{file}")).map_err(at)?;
        text.push_str(&match file {
            "passwd" => format!("{NAME}:x:{UID}:{UID}::{}:/bin/sh\n", home.display()),
            _ => format!("{NAME}:x:{UID}:\n"),
        });
        std::fs::write(home.join("etc").join(file), text).map_err(at)?;
    }
    let range = if ids == SubIds::Range { format!("{NAME}:{FIRST_SUB_ID}:65536\n") } else { String::new() };
    for file in ["subuid", "subgid"] {
        std::fs::write(home.join("etc").join(file), &range).map_err(at)?;
    }
    for directory in ["examples", "crates/plimsoll/tests"] {
        let to = home.join("checkout").join(directory);
        std::fs::create_dir_all(to.parent().expect("below home")).map_err(at)?;
        shell::run(Command::new("cp").arg("-a").arg(checkout.join(directory)).arg(&to))?;
    }
    let mut lines = vec![
        "for file in passwd group subuid subgid; do".to_string(),
        format!(
            "  [ -e /etc/$file ] || touch /etc/$file; mount --bind {}/etc/$file /etc/$file",
            home.display()
        ),
        "done".to_string(),
        format!("chown -R {UID}:{UID} {0}; chmod 700 {0}", home.display()),
        format!("cd {}", home.display()),
        "failed=0".to_string(),
    ];
    for test in tests.iter() {
        let name = test.file_name().expect("an executable has a name");
        std::fs::copy(test, home.join("bin").join(name)).map_err(at)?;
        lines.push(format!("{} bin/{} || failed=1", become_user(home), name.to_string_lossy()));
    }
    let program = tests.first().and_then(|test| Some(test.parent()?.parent()?.join("plimsoll")));
    let program = program.filter(|program| program.is_file()).ok_or("no plimsoll binary beside the tests")?;
    std::fs::copy(&program, home.join("bin/plimsoll")).map_err(at)?;
    lines.push("exit $failed".to_string());
    let script = home.join("run.sh");
    std::fs::write(&script, lines.join("\n")).map_err(at)?;
    Ok(script)
}

/// The command prefix that becomes the user, with an environment of its own.
fn become_user(home: &Path) -> String {
    let home = home.display();
    format!(
        "setpriv --reuid {UID} --regid {UID} --clear-groups env HOME={home} USER={NAME} TMPDIR={home} \
         PLIMSOLL_BIN={home}/bin/plimsoll PLIMSOLL_CHECKOUT={home}/checkout"
    )
}
