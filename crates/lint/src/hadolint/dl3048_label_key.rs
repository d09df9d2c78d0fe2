//! # DL3048 label-key
//!
//! Keys of labels begin and end with a lower-case letter or digit, hold only those, dots and dashes,
//! no two of them in a row, and leave `com.docker.`, `io.docker.` and `org.dockerproject.` to docker.
//! Tools that follow the rules do not find others.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{of_instructions, unquoted};
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.info("a label key breaks the rules for keys"),
        |instruction| match instruction {
            Instruction::Label(pairs) => pairs.iter().any(|pair| !is_valid(unquoted(&pair.name.text))),
            _ => false,
        },
    )
}

fn is_valid(key: &str) -> bool {
    let begins = key.starts_with(|c: char| c.is_ascii_lowercase());
    let ends = key.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let plain =
        key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_'));
    let reserved =
        ["com.docker.", "io.docker.", "org.dockerproject."].iter().any(|start| key.starts_with(start));
    begins && ends && plain && !reserved && !key.contains("..") && !key.contains("--")
}
