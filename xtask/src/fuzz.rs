//! `cargo xtask fuzz`: the targets of `fuzz/`, with cargo-fuzz where it is, else with their own driver.

use std::process::Command;

use crate::shell;

/// The targets as `fuzz/src/lib.rs` has them.
const TARGETS: [&str; 7] = ["archive", "dockerfile", "expansion", "ignore", "mount", "profile", "shell"];

/// Inputs a target gets in the tests: a bounded number, so that no clock decides what is tested.
const IN_TESTS: &str = "10000";

/// Run each target for so many seconds.
pub fn fuzz(seconds: &str) -> Result<(), String> {
    let _: u64 = seconds.parse().map_err(|_| format!("'{seconds}' is no number of seconds"))?;
    if !has_cargo_fuzz() {
        eprintln!(
            "xtask: no cargo-fuzz or no nightly toolchain: the driver that sees no coverage runs instead"
        );
        eprintln!("xtask: cargo install cargo-fuzz && rustup toolchain install nightly");
        return mutate(&["--seconds", seconds]);
    }
    let directory = shell::checkout().join("fuzz");
    for target in TARGETS {
        // The first directory takes what is found: not the one that is checked in.
        let (found, corpus) = (format!("target/found/{target}"), format!("corpus/{target}"));
        std::fs::create_dir_all(directory.join(&found)).map_err(|error| format!("{found}: {error}"))?;
        let limit = format!("-max_total_time={seconds}");
        // Inputs that hang are as bad as those that panic; memory is bounded as everywhere.
        let rules = [&limit, "-timeout=10", "-rss_limit_mb=1024"];
        let mut cargo = Command::new("cargo");
        cargo.args(["+nightly", "fuzz", "run", target, &found, &corpus, "--"]).args(rules);
        shell::run(cargo.current_dir(&directory))?;
    }
    Ok(())
}

/// A short run with the same inputs every time, for the tests.
pub fn in_tests() -> Result<(), String> {
    mutate(&["--iterations", IN_TESTS])
}

/// `fuzz/` is a workspace of its own: what checks the others does not see it.
pub fn check() -> Result<(), String> {
    shell::run(in_fuzz().args(["fmt", "--check"]))?;
    shell::run(in_fuzz().args(["clippy", "--no-default-features", "--", "-D", "warnings"]))
}

fn has_cargo_fuzz() -> bool {
    shell::output(Command::new("cargo").args(["+nightly", "fuzz", "--version"])).is_some()
}

/// The driver of `fuzz/src/main.rs`.
fn mutate(words: &[&str]) -> Result<(), String> {
    shell::run(in_fuzz().args(["run", "--no-default-features", "--bin", "mutate", "--"]).args(words))
}

/// cargo in `fuzz/`, with the dependencies that the checkout has built already.
fn in_fuzz() -> Command {
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or(shell::checkout().join("target").into());
    let mut cargo = shell::cargo();
    cargo.current_dir(shell::checkout().join("fuzz")).env("CARGO_TARGET_DIR", target);
    cargo
}
