//! # DL4005 shell-instruction
//!
//! `ln -sf /bin/bash /bin/sh` changes the shell of every script in the image. `SHELL ["/bin/bash",
//! "-c"]` changes it for the instructions below.

use plimsoll_model::Diagnostic;

use super::words::{calls, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.warning("/bin/sh is replaced by hand"),
        |command| calls(command, &["ln"], &["/bin/sh"]),
    )
}
