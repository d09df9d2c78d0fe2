//! # PL408 passwords
//!
//! A password is set in the build: `echo root:secret | chpasswd`, `passwd -d root`, `useradd -p`. It is
//! the same in every container, and everybody with the image reads it, from the history or as a hash
//! from /etc/shadow.
//!
//! Containers need no password: `docker exec` and `kubectl exec` ask for none. Leave accounts locked.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let message = told(command)?;
        Some(report.error(message).at(source, command.span, "the same for everybody who has the image"))
    });
    found.collect()
}

fn told(command: &RunCommand) -> Option<String> {
    let program = command.program();
    let sets = format!("{program} sets a password in the image");
    match program {
        "chpasswd" => Some(sets),
        "passwd" if command.has(&["-d", "--delete"]) => {
            Some("passwd -d leaves an account without a password".to_string())
        }
        "passwd" if command.has(&["--stdin"]) => Some(sets),
        "useradd" | "usermod" => {
            let option = command.option(&["-p", "--password"])?;
            let words = command.arguments();
            let at = words.iter().position(|word| word.span == option.span && word.raw == option.raw)?;
            let given = option.text.split_once('=').map(|(_, value)| value);
            let value = given.or_else(|| words.get(at + 1).map(|word| word.text.as_str()))?;
            // `*` and `!` are no password: the account stays locked.
            (!matches!(value, "*" | "!" | "!!" | "x")).then_some(sets)
        }
        _ => None,
    }
}
