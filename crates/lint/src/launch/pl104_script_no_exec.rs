//! # PL104 script-no-exec
//!
//! The entrypoint script starts the program as a child instead of becoming it. The shell stays PID 1:
//! it gets SIGTERM, does not pass it on, and the program is killed when the grace period is over.
//! This is so with every shell: none replaces itself by the last command of a script file.
//!
//! Write `exec` before the last command: `exec "$@"` or `exec server --port "$PORT"`.
//!
//! A script with a `trap` that handles the stop itself is fine, and so is one that starts no program at all.

use plimsoll_dockerfile::shell::{self, Node};
use plimsoll_model::{Diagnostic, Span};

use super::exec_form;
use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::contract::{LaunchMode, Pid1};
use plimsoll_contract::modes;
use plimsoll_contract::pid1;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let Some(script) = subject.script(part) else { return Vec::new() };
    let launch = modes::launch(subject.contract, &LaunchMode::AsBuilt);
    let Pid1::Shell { shell, child } = launch.pid1 else { return Vec::new() };
    let read = shell::read(script.source.text());
    let becomes = read.simple_commands().iter().any(|command| command.exec && !command.words.is_empty());
    // With an `exec` somewhere the shell that stays is one the script was told to start.
    if !read.traps.is_empty() || becomes || !pid1::starts_a_program(&read) {
        return Vec::new();
    }
    let program = child.unwrap_or("the program".to_string());
    let found =
        report.warning(format!("{} does not become {program}: SIGTERM stops at {shell}", script.word));
    let source = &script.source;
    let place = shell::last_command(&read).map(|last| match &last.node {
        Node::Simple(command) => command.span,
        Node::Compound(compound) => compound.span,
    });
    let found = match place {
        Some(span) => found.at(source, span, "runs as a child of the shell"),
        None => found,
    };
    let mut found = subject.beside(found, part, "starts the script");
    found
        .notes
        .push("stopping takes the whole grace period and ends with SIGKILL, exit code 137".to_string());
    found.fix = exec_form::insert_exec(source, Span::new(0, source.text().len()), source.text())
        .filter(|_| !source.name().starts_with('/'));
    vec![found]
}
