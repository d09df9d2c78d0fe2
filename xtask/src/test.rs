//! `cargo xtask test`: set up, run everything as who we are, and, as root, the integration tests
//! once more as an ordinary user with and without subordinate ids.

use crate::ordinary_user::{self, SubIds};
use crate::{floors, fuzz, shell, test_setup};

/// Everything `README.md` promises to test.
pub fn test() -> Result<(), String> {
    floors::check(&shell::checkout())?;
    let setup = test_setup::prepare()?;
    let strict = std::env::var_os("CI").is_some();
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast"]);
    cargo.envs(setup.environment.iter().cloned());
    if strict {
        // A test that cannot run says SKIPPED on standard error; in CI it fails.
        cargo.env("PLIMSOLL_NO_SKIP", "1");
    }
    let mut results = vec![shell::run_tests(&mut cargo), fuzz::in_tests()];
    if shell::is_root() {
        // What only root can do has just been tested, so an ordinary user may skip it.
        let tests = ordinary_user::integration_tests(&ordinary_user::CRATES)?;
        for ids in [SubIds::Range, SubIds::None] {
            results.push(ordinary_user::run(&tests, ids, &setup.environment, &[]));
        }
    }
    let failed: Vec<String> = results.into_iter().filter_map(Result::err).collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}
