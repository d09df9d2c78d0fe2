//! # DL3047 wget-progress
//!
//! Without a terminal wget writes a line for every 50 kB. `wget -q` or `--progress=dot:giga` keep the
//! log short.

use plimsoll_model::Diagnostic;

use super::words::{arguments, has_flag, name, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.info("wget writes a progress bar into the log"),
        |command| {
            name(command) == "wget"
                && !has_flag(
                    command,
                    &["progress", "q", "quiet", "o", "output-file", "a", "append-output", "no-verbose"],
                )
                && !arguments(command).any(|word| word == "-nv")
        },
    )
}
