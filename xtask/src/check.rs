//! `cargo xtask check`: what must hold before a commit and needs no test run.

use crate::{floors, fuzz, shell};

/// Formatting, lints, floors.
pub fn check() -> Result<(), String> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    shell::run(shell::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    fuzz::check()?;
    floors::check(&shell::checkout())
}
