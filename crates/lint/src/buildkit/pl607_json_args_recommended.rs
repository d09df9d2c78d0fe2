//! # PL607 JSONArgsRecommended
//!
//! CMD or ENTRYPOINT stands in shell form, and no SHELL of this file or of the base says that a shell is
//! wanted. Then `/bin/sh -c` starts the program, which may not get the signals that stop a container.
//!
//! PL101, PL102 and PL103 say what really happens in this image, so this check is off.
//!
//! Write a JSON array: `CMD ["server", "--port", "8080"]`.

use plimsoll_dockerfile::syntax::{Command, Instruction};
use plimsoll_model::Diagnostic;

use super::Walk;
use crate::launch::exec_form;
use crate::rule::Report;

pub(crate) fn check(walk: &Walk<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = walk.done().filter_map(|(step, _)| {
        let (word, command) = match &step.statement.instruction {
            Instruction::Cmd(command) => ("CMD", command),
            Instruction::Entrypoint(command) => ("ENTRYPOINT", command),
            _ => return None,
        };
        if !command.is_shell_form() || step.shell_set {
            return None;
        }
        let found = report.warning(format!("{word} is started by a shell, which may keep signals from it"));
        let mut found = step.point(walk, found, step.statement.keyword.span, "shell form");
        if let (Command::Shell(text), false) = (command, step.is_trigger) {
            found.fix = exec_form::fix(walk.source(), command, &text.text, word == "ENTRYPOINT");
        }
        Some(found)
    });
    found.collect()
}
