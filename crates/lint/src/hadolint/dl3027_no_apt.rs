//! # DL3027 no-apt
//!
//! The output and the options of `apt` change between releases; it says so itself. Use `apt-get` and
//! `apt-cache` in scripts.

use plimsoll_model::Diagnostic;

use super::words::{name, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("apt is made for people at a terminal"),
        |command| name(command) == "apt",
    )
}
