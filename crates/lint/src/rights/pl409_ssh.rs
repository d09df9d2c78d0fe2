//! # PL409 ssh
//!
//! The image offers ssh: EXPOSE 22, or sshd as its program. That is a second way in with keys and
//! passwords of its own, and it needs root.
//!
//! `plimsoll exec`, `docker exec` or `kubectl exec` give a shell, with the rights the platform manages.
//! An image whose purpose is ssh (a git server, a jump host) keeps it: silence the rule there.

use plimsoll_contract::pid1::words::base_name;
use plimsoll_dockerfile::syntax::{Command, Instruction};
use plimsoll_model::Diagnostic;

use crate::file::File;
use crate::rule::Report;

pub(crate) fn check(file: &File<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &file.dockerfile.source;
    let shipped = file.shipped();
    let mut found = Vec::new();
    for (_, statement) in file.staged().filter(|(stage, _)| shipped.contains(stage)) {
        let place = match &statement.instruction {
            Instruction::Expose(ports) => {
                let port = ports.iter().find(|port| matches!(port.text.as_str(), "22" | "22/tcp"));
                port.map(|port| (port.span, "the port of ssh"))
            }
            Instruction::Cmd(command) | Instruction::Entrypoint(command) => {
                starts_sshd(command).then_some((command.span(), "starts sshd"))
            }
            _ => None,
        };
        if let Some((span, label)) = place {
            let message = "the image offers ssh, a second way in beside exec";
            found.push(report.warning(message).at(source, span, label));
        }
    }
    found
}

fn starts_sshd(command: &Command) -> bool {
    match command {
        Command::Exec { argv, .. } => argv.iter().any(|word| base_name(word) == "sshd"),
        Command::Shell(text) | Command::AlmostJson { text, .. } => {
            text.text.split_whitespace().any(|word| base_name(word) == "sshd")
        }
    }
}
