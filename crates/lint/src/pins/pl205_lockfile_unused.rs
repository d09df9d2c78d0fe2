//! # PL205 lockfile-unused
//!
//! There is a lock file, and the command may write another one instead of keeping to it: `npm
//! install` takes newer versions where package.json allows, `yarn install` and `bundle install` repair
//! a lock that no longer fits.
//!
//! Use the form that fails when lock and manifest do not fit: `npm ci`, `yarn install
//! --frozen-lockfile` (`--immutable` from version 2 on), `pnpm install --frozen-lockfile`, `uv sync
//! --locked`, `bundle config set frozen true`.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::{Diagnostic, Fix};

use crate::edits;
use crate::package_managers::{Manager, install};
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let (lock, instead) = loose(runs, command)?;
        let message = format!("{} may leave {lock}", called(command));
        let found = report.warning(message).at(source, command.span, format!("{instead} keeps to it"));
        Some(match fix(runs, command) {
            Some(fix) => found.fix(fix),
            None => found,
        })
    });
    found.collect()
}

fn called(command: &RunCommand) -> String {
    format!("{} {}", command.program(), command.action()).trim_end().to_string()
}

/// The lock file a command may leave, and what keeps to it.
fn loose(runs: &Runs<'_>, command: &RunCommand) -> Option<(&'static str, &'static str)> {
    let installs_all = install(command).filter(|install| install.packages.is_empty());
    let is_global = command.has(&["-g", "--global"]) || command.has(&["--production=false"]);
    let (lock, instead, kept) = match (installs_all.map(|install| install.manager), command.program()) {
        (Some(Manager::Npm), _) => (
            "package-lock.json",
            "npm ci",
            command.action() == "ci" || is_global || command.has(&["--prefix"]),
        ),
        (Some(Manager::Yarn), _) => {
            let kept = command.has(&["--frozen-lockfile", "--immutable", "--pure-lockfile"]);
            ("yarn.lock", "--frozen-lockfile", kept)
        }
        (Some(Manager::Pnpm), _) => {
            ("pnpm-lock.yaml", "--frozen-lockfile", command.has(&["--frozen-lockfile", "--offline"]))
        }
        (None, "uv") if command.action() == "sync" => {
            ("uv.lock", "--locked", command.has(&["--locked", "--frozen"]))
        }
        (None, "bundle") if matches!(command.action(), "install" | "") => {
            let text = runs.file.dockerfile.source.text();
            let frozen = ["frozen", "BUNDLE_FROZEN", "deployment", "BUNDLE_DEPLOYMENT"];
            ("Gemfile.lock", "frozen", frozen.iter().any(|word| text.contains(word)))
        }
        _ => return None,
    };
    (!kept && is_there(runs, lock)).then_some((lock, instead))
}

/// The lock file is copied by its name, or lies in the context.
fn is_there(runs: &Runs<'_>, lock: &str) -> bool {
    let named = runs.file.statements().any(|statement| match &statement.instruction {
        Instruction::Copy { sources, .. } => sources.iter().any(|source| {
            let name = source.text.rsplit('/').next().unwrap_or("");
            name == lock || (lock == "package-lock.json" && name == "package*.json")
        }),
        _ => false,
    });
    named || runs.file.context.is_some_and(|context| context.exists(lock) && !context.is_ignored(lock))
}

/// `npm ci` in the place of `npm install`, where nothing but options that it takes as well follows.
fn fix(runs: &Runs<'_>, command: &RunCommand) -> Option<Fix> {
    let word = command.arguments().iter().find(|word| matches!(word.text.as_str(), "install" | "i"))?;
    let source = &runs.file.dockerfile.source;
    match command.program() {
        _ if !command.is_exact => None,
        "npm" => Some(edits::replace(source, word.span, "ci", "npm ci installs what the lock says", true)),
        "pnpm" => {
            let title = "fail when the lock does not fit";
            Some(edits::insert(source, word.span.end, " --frozen-lockfile", title, false))
        }
        _ => None,
    }
}
