//! # DL3000 absolute-workdir
//!
//! A relative WORKDIR depends on every one before it and on the base image. Write the whole path:
//! `WORKDIR /app`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{of_instructions, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.error("WORKDIR is relative to whatever was set before"),
        |instruction| match instruction {
            Instruction::Workdir(path) => !is_absolute(unquoted(&path.text)),
            _ => false,
        },
    )
}

/// A variable is trusted; `c:` is a drive of Windows.
fn is_absolute(path: &str) -> bool {
    let mut characters = path.chars();
    let drive = characters.next().is_some_and(char::is_alphabetic) && characters.next() == Some(':');
    path.starts_with(['/', '$']) || drive
}
