//! `cargo xtask soak [MINUTES]`: the fault tests of builds and of containers, each repeated many times, until
//! the time is over. What the tests do is in `crates/plimsoll/tests/it/faults.rs` and `run_faults.rs`.
//!
//! `cargo xtask soak specimens [TIMES]`: whether `prove` says the same of real programs every time, and the
//! truth (`crates/plimsoll/tests/it/real_servers.rs`).

use std::path::Path;
use std::time::{Duration, Instant};

use crate::ordinary_user::{self, SubIds};
use crate::{shell, test_setup};

/// What it does and how to run it.
pub const HELP: &str = "\
cargo xtask soak [MINUTES]  (60 if not given)

Kills builds at many moments, fills the disk under them, runs hundreds at once, removes images meanwhile;
kills commands, monitors and processes of containers at any moment, and removes containers while they start:
the tests `faults` and `run_faults` of the binary, with FACTOR times their rounds, growing until the time is
over, each time at other moments. Run it on an idle machine, as root for all of them (full disks, two users).
The first failure ends it and shows what broke; `PLIMSOLL_SOAK=FACTOR PLIMSOLL_SEED=SEED cargo test -p plimsoll
--test it -- faults` repeats one round.

cargo xtask soak specimens [TIMES]  (3 if not given)

Ships the real programs of crates/plimsoll/tests/it/real and compares what is reported with the truth found by
hand, so many times: as root, and as an ordinary user with and without subordinate ids. As an ordinary user: as
that user. Goes on after a difference; says in the end how many rounds had one. PLIMSOLL_SPECIMENS=NAME,... ships
these alone.";

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

/// Name of the test that ships the real programs.
const SPECIMENS: &str = "all_of_them_are_what_ship_reports";

/// Compare the real programs with the truth so many times, as each kind of user we can be.
pub fn specimens(times: &str) -> Result<(), String> {
    let times: u32 = times.parse().map_err(|_| format!("'{times}' is no number of times\n{HELP}"))?;
    let setup = test_setup::prepare()?;
    let built = ordinary_user::integration_tests(&["plimsoll"])?;
    let tests = ordinary_user::integration_test("plimsoll")?;
    let words = [SPECIMENS, "--ignored", "--nocapture"];
    let mut failed = Vec::new();
    for round in 1..=times {
        eprintln!("xtask: specimens, round {round} of {times}");
        let mut command = std::process::Command::new(&tests);
        command.args(words).envs(setup.environment.iter().cloned());
        command.current_dir(shell::checkout().join("crates/plimsoll"));
        failed.extend(shell::run_tests(&mut command).err());
        if shell::is_root() {
            let as_users = [SubIds::Range, SubIds::None]
                .map(|ids| ordinary_user::run(&built, ids, &setup.environment, &words));
            failed.extend(as_users.into_iter().filter_map(Result::err));
        }
    }
    match failed.len() {
        0 => Ok(()),
        count => Err(format!("{count} runs found a difference\n{}", failed.join("\n"))),
    }
}
