//! `cargo xtask test`: set up, run everything as who we are, and, as root, the integration tests
//! once more as an ordinary user with and without subordinate ids.

use std::process::Command;

use crate::ordinary_user::{self, SubIds};
use crate::{floors, shell, test_setup};

/// Everything `README.md` promises to test.
pub fn test() -> Result<(), String> {
    floors::check(&shell::checkout())?;
    let setup = test_setup::prepare()?;
    let skips = shell::checkout().join("target/test-setup/skipped.txt");
    let _ = std::fs::remove_file(&skips);
    let strict = std::env::var_os("CI").is_some();
    let with_setup = |command: &mut Command| {
        command.envs(setup.environment.iter().cloned()).env("PLIMSOLL_SKIP_LOG", &skips);
        if strict {
            command.env("PLIMSOLL_NO_SKIP", "1");
        }
    };
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    with_setup(&mut cargo);
    let mut results = vec![shell::run(&mut cargo)];
    if shell::is_root() {
        let tests = ordinary_user::integration_tests()?;
        for ids in [SubIds::Range, SubIds::None] {
            results.push(ordinary_user::run(&tests, ids, &with_setup));
        }
    }
    report_skips(&skips, strict);
    results.into_iter().collect()
}

fn report_skips(log: &std::path::Path, strict: bool) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    if lines.is_empty() {
        eprintln!("xtask: no test was skipped");
        return;
    }
    eprintln!("xtask: skipped{}:", if strict { " (each failed, as CI asks)" } else { "" });
    lines.iter().for_each(|line| eprintln!("  {line}"));
}
