//! # PL131 migrate-then-start
//!
//! Every start of the container runs a migration of the database first. With several replicas they run
//! at the same time, every restart runs it again, and a probe may kill the container while it works.
//!
//! Run migrations once, before the rollout: a Job, or an init container with a lock.

use plimsoll_dockerfile::shell::{self, SimpleCommand};
use plimsoll_model::{Certainty, Diagnostic, Source, Span};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let message = "every replica and every restart migrates the database first";
    let found = report.info(message).certainty(Certainty::Likely);
    if let Started::ShellText { text, .. } = words::unwrap(subject.words(part)) {
        return match migration(&text) {
            Some(_) => vec![subject.at(found, part, "migrates before it starts")],
            None => Vec::new(),
        };
    }
    let Some(script) = subject.script(part) else { return Vec::new() };
    let source: &Source = &script.source;
    match migration(source.text()) {
        Some(span) => {
            vec![subject.beside(found.at(source, span, "runs at every start"), part, "starts the script")]
        }
        None => Vec::new(),
    }
}

/// A migration that is not the last command of a text.
fn migration(text: &str) -> Option<Span> {
    let script = shell::read(text);
    let commands = script.simple_commands();
    let (_, before) = commands.split_last()?;
    before.iter().find(|command| is_migration(command)).map(|command| command.span)
}

fn is_migration(command: &SimpleCommand) -> bool {
    let words: Vec<&str> = command.words.iter().filter_map(|word| word.literal.as_deref()).collect();
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    let program = command.program().map_or("", words::base_name);
    match program {
        "alembic" => has(&["upgrade"]),
        "flask" => has(&["upgrade"]) && has(&["db"]),
        "npx" | "prisma" => has(&["prisma", "migrate", "deploy"]) && has(&["deploy"]),
        "echo" | "printf" => false,
        _ => has(&["migrate", "db:migrate", "migrate:deploy"]),
    }
}
