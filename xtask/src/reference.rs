//! `cargo xtask reference`: the pages of commands, rules and topics, written by the tests that otherwise compare
//! them.

use crate::shell;

/// Write `docs/reference/commands.md`, `topics.md`, `rules.md` and the pages of `rules/`.
pub fn write() -> Result<(), String> {
    let mut cargo = shell::cargo();
    cargo.args(["test", "--package", "plimsoll", "--test", "it", "--", "reference"]);
    shell::run(cargo.env("PLIMSOLL_WRITE_REFERENCE", "1"))
}
