//! # DL3066 numeric-user
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for.
//! PL402 says what Kubernetes makes of it, and which number it is.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::of_instructions;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.info("USER is no number"),
        |instruction| match instruction {
            Instruction::User(user) => {
                let name = user.text.split(':').next().unwrap_or("");
                !name.chars().all(|c| c.is_ascii_digit())
            }
            _ => false,
        },
    )
}
