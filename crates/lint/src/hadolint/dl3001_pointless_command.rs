//! # DL3001 pointless-command
//!
//! `ssh`, `vim`, `shutdown`, `service`, `ps`, `free`, `top`, `kill`, `mount` in RUN: no process of
//! one step lives on into the next, and there is nobody to look. Remove the command.

use plimsoll_model::Diagnostic;

use super::words::{name, of_commands};
use crate::rule::Report;
use crate::run_commands::Runs;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    of_commands(
        runs,
        || report.info("a program that makes no sense in a build"),
        |command| POINTLESS.contains(&name(command)),
    )
}

const POINTLESS: [&str; 9] = ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];
