//! # PL404 root-owned-app
//!
//! COPY gives files to root, whatever USER says, and a later RUN as that user changes them: `npm ci` in
//! a directory of root, `chmod` of a file of root. It fails with `EACCES` or `Operation not permitted`.
//!
//! `COPY --chown=node . .`. Files that are only read are best left with root; then nothing is said.

use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_model::Diagnostic;
use plimsoll_model::file_tree::clean_path;

use crate::edits;
use crate::package_managers::{Manager, install};
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs, is_below};
use crate::stage_facts::{flag_value, is_ordinary};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    for stage in 0..runs.file.dockerfile.stages.len() {
        let with_users = runs.file.with_users(stage);
        for (statement, user) in &with_users {
            let Some(user) = user.filter(|user| is_ordinary(user)) else { continue };
            let Some(destination) = gives_to_root(runs, stage, statement) else { continue };
            let writes = |run: &&Run<'_>| {
                let same = with_users
                    .iter()
                    .any(|(other, by)| other.span == run.statement.span && *by == Some(user));
                same && run.statement.span.start > statement.span.start
            };
            let command = runs.of_stage(stage).filter(writes).find_map(|run| {
                run.commands.iter().find(|command| changes(runs, run, command, &destination))
            });
            let Some(command) = command else { continue };
            let message =
                format!("{} as {user} cannot change files that COPY gave to root", command.program());
            let diagnostic = report.warning(message).at(source, statement.span, "belongs to root");
            let diagnostic = diagnostic.context(source, command.span, format!("runs as {user}"));
            let flag = format!("--chown={user}");
            found.push(diagnostic.fix(edits::insert_flag(
                source,
                statement,
                &flag,
                "give them to the user",
                true,
            )));
        }
    }
    found
}

/// The destination of a COPY without an owner.
fn gives_to_root(runs: &Runs<'_>, stage: usize, statement: &Statement) -> Option<String> {
    let Instruction::Copy { flags, .. } = &statement.instruction else { return None };
    match flag_value(flags, "chown") {
        None => runs.file.destination(stage, statement),
        Some(_) => None,
    }
}

fn changes(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand, destination: &str) -> bool {
    let Some(step) = run.stage.and_then(|stage| runs.file.step(stage, run.statement)) else { return false };
    if command.wrapper("sudo").is_some() {
        return false;
    }
    let operands = command.arguments().iter().filter(|word| !word.text.starts_with('-'));
    match command.program() {
        "chown" | "chmod" => operands.skip(1).any(|word| {
            let path = clean_path(&step.workdir, &word.text);
            !word.text.contains('$')
                && (path == destination || (destination != "/" && is_below(&path, destination)))
        }),
        _ => {
            let here = install(command).is_some_and(|install| {
                let local = matches!(install.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm);
                local && install.packages.is_empty() && !command.has(&["-g", "--global"])
            });
            here && destination == clean_path("/", &step.workdir)
        }
    }
}
