//! # DL3011 valid-port
//!
//! Ports are numbers up to 65535. The builder refuses others. EXPOSE is documentation, so nothing
//! else would notice.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::of_instructions;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.error("a port is larger than 65535"),
        |instruction| match instruction {
            Instruction::Expose(ports) => ports.iter().any(|port| {
                let numbers = port.text.split('/').next().unwrap_or("").split('-');
                numbers.filter_map(|number| number.parse::<u64>().ok()).any(|number| number > 65535)
            }),
            _ => false,
        },
    )
}
