//! `cargo xtask soak [MINUTES]`: the fault tests of builds and of containers, each repeated many times, until
//! the time is over. What the tests do is in `crates/plimsoll/tests/it/faults.rs` and `run_faults.rs`.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::{ordinary_user, shell};

/// What it does and how to run it.
pub const HELP: &str = "\
cargo xtask soak [MINUTES]  (60 if not given)

Kills builds at many moments, fills the disk under them, runs hundreds at once, removes images meanwhile;
kills commands, monitors and processes of containers at any moment, and removes containers while they start:
the tests `faults` and `run_faults` of the binary, with FACTOR times their rounds, growing until the time is
over, each time at other moments. Run it on an idle machine, as root for all of them (full disks, two users).
The first failure ends it and shows what broke; `PLIMSOLL_SOAK=FACTOR PLIMSOLL_SEED=SEED cargo test -p plimsoll
--test it -- faults` repeats one round.";

/// No round has more than this many times the usual repetitions: a failure should come soon.
const LARGEST_FACTOR: u32 = 32;

/// Repeat the tests for so many minutes.
pub fn soak(minutes: &str) -> Result<(), String> {
    let minutes: u64 = minutes.parse().map_err(|_| format!("'{minutes}' is no number of minutes\n{HELP}"))?;
    let tests = ordinary_user::integration_test("plimsoll")?;
    let (begun, limit) = (Instant::now(), Duration::from_secs(minutes * 60));
    let (mut factor, mut seed) = (1, 1);
    while begun.elapsed() < limit {
        round(&tests, factor, seed)?;
        factor = (factor * 2).min(LARGEST_FACTOR);
        seed += 1;
    }
    Ok(())
}

fn round(tests: &Path, factor: u32, seed: u32) -> Result<(), String> {
    eprintln!("xtask: {factor} times the usual rounds, seed {seed}");
    let mut command = std::process::Command::new(tests);
    // The words of `run_faults::`, too.
    command.arg("faults::").env("PLIMSOLL_SOAK", factor.to_string()).env("PLIMSOLL_SEED", seed.to_string());
    command.current_dir(shell::checkout().join("crates/plimsoll"));
    shell::run(&mut command)
}
