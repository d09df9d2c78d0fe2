//! # PL412 home-not-writable
//!
//! The image runs as an account whose home directory nobody makes: `useradd` does so only with `-m`. What
//! the program keeps in HOME (caches, settings, keys) fails with `No such file or directory`.
//!
//! `useradd -m`, or point HOME at a directory that belongs to the user. Nothing is said where the account
//! is made without a home on purpose (`-M`, `--no-create-home`, `-r`), or HOME is set.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};
use crate::stage_facts::is_ordinary;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let shipped = runs.file.shipped();
    let statements = || runs.file.staged().filter(|(stage, _)| shipped.contains(stage));
    let users = statements().filter_map(|(_, statement)| match &statement.instruction {
        Instruction::User(user) => Some((statement, user.text.trim().to_string())),
        _ => None,
    });
    let Some((statement, user)) = users.last().filter(|(_, user)| is_ordinary(user)) else {
        return Vec::new();
    };
    let sets_home = statements().any(|(_, statement)| match &statement.instruction {
        Instruction::Env(pairs) => pairs.iter().any(|pair| pair.name.text == "HOME"),
        _ => false,
    });
    let name = user.split(':').next().unwrap_or("");
    let made = runs.commands().find(|(run, command)| {
        run.stage.is_some_and(|stage| shipped.contains(&stage)) && makes_without_home(command, name)
    });
    let Some((_, command)) = made.filter(|_| !sets_home && !home_is_made(runs, name)) else {
        return Vec::new();
    };
    let found = report.info(format!("{name} has no home directory: useradd makes one only with -m"));
    let found = found.at(source, command.span, "no -m").context(source, statement.span, "runs as this user");
    let program = command.words().first().filter(|_| command.is_exact);
    vec![match program {
        Some(word) => found.fix(edits::insert(source, word.span.end, " -m", "make it", false)),
        None => found,
    }]
}

fn makes_without_home(command: &RunCommand, name: &str) -> bool {
    let named = command.arguments().last().is_some_and(|word| word.text == name);
    let decided = ['m', 'M', 'r', 'd'].iter().any(|letter| command.has_letter(*letter));
    let long = ["--create-home", "--no-create-home", "--system", "--home", "--home-dir"];
    command.program() == "useradd" && named && !decided && !command.has(&long)
}

/// Something else speaks of the directory.
fn home_is_made(runs: &Runs<'_>, name: &str) -> bool {
    runs.file.dockerfile.source.text().contains(&format!("/home/{name}"))
}
