//! # DL3025 json-form
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: CMD,
//! ENTRYPOINT or a health check in shell form. PL101 to PL103 say where that hurts.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::of_instructions;
use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    of_instructions(
        file,
        || report.warning("the command is in shell form"),
        |instruction| match instruction {
            Instruction::Cmd(command)
            | Instruction::Entrypoint(command)
            | Instruction::Healthcheck { command, .. } => command.is_shell_form(),
            _ => false,
        },
    )
}
