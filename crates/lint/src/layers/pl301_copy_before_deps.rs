//! # PL301 copy-before-deps
//!
//! The whole source is copied before the dependencies are installed: every edit of any file makes the
//! cache miss, and all dependencies are fetched again.
//!
//! ```Dockerfile
//! COPY package.json package-lock.json ./
//! RUN npm ci
//! COPY . .
//! ```

use plimsoll_dockerfile::syntax::{Instruction, Statement};
use plimsoll_model::{Diagnostic, Span};

use crate::edits;
use crate::package_managers::{Manager, install};
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};
use crate::stage_facts::flag_value;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let stages = 0..runs.file.dockerfile.stages.len();
    stages.filter_map(|stage| in_stage(runs, stage, report)).collect()
}

fn in_stage(runs: &Runs<'_>, stage: usize, report: &Report) -> Option<Diagnostic> {
    let statements = &runs.file.dockerfile.stages.get(stage)?.statements;
    let at = statements.iter().position(copies_everything)?;
    let copy = &statements[at];
    let is_early = |span: Span| span.start < copy.span.start;
    let run = runs.of_stage(stage).find(|run| {
        !is_early(run.statement.span) && run.commands.iter().any(|command| manifests(command).is_some())
    })?;
    let command = run.commands.iter().find(|command| manifests(command).is_some())?;
    let installed_before = runs
        .of_stage(stage)
        .filter(|run| is_early(run.statement.span))
        .any(|run| run.commands.iter().any(|command| manifests(command).is_some()));
    // Files mounted or cached into the step do not depend on the layer alone.
    if installed_before || run.flag_values("mount").any(|mount| mount.contains("type=bind")) {
        return None;
    }
    let source = &runs.file.dockerfile.source;
    let files = manifests(command)?;
    let found = report.warning("every edit of a file installs all dependencies again");
    let found = found.at(source, copy.span, "all files are copied here").context(
        source,
        command.span,
        format!("{} needs only {files}", command.program()),
    );
    Some(found.fix(split(runs, copy, run.statement, files)))
}

/// The manifests first, everything behind the installation.
fn split(runs: &Runs<'_>, copy: &Statement, run: &Statement, files: &str) -> plimsoll_model::Fix {
    let source = &runs.file.dockerfile.source;
    let all = source.slice(copy.span).to_string();
    let title = "copy the manifests, install, then copy the rest";
    let mut fix = edits::replace(source, copy.span, format!("COPY {files} ./"), title, false);
    fix.edits.extend(edits::insert(source, run.span.end, format!("\n{all}"), title, false).edits);
    fix
}

/// `COPY . .` from the context.
fn copies_everything(statement: &Statement) -> bool {
    let Instruction::Copy { flags, sources, .. } = &statement.instruction else { return false };
    let all = |text: &str| matches!(text, "." | "./" | "/" | "*" | "./*");
    flag_value(flags, "from").is_none() && sources.iter().any(|source| all(&source.text))
}

/// The files that say which dependencies a command installs.
fn manifests(command: &RunCommand) -> Option<&'static str> {
    if let Some(found) = install(command) {
        let lists = |name: &str| command.arguments().iter().any(|word| word.text.ends_with(name));
        return match found.manager {
            Manager::Npm if found.packages.is_empty() => Some("package*.json"),
            Manager::Yarn if found.packages.is_empty() => Some("package.json yarn.lock"),
            Manager::Pnpm if found.packages.is_empty() => Some("package.json pnpm-lock.yaml"),
            Manager::Pip if lists("requirements.txt") && found.packages.is_empty() => {
                Some("requirements.txt")
            }
            _ => None,
        };
    }
    match (command.program(), command.action()) {
        ("bundle", "install") => Some("Gemfile Gemfile.lock"),
        ("go", "mod") if command.arguments().iter().any(|word| word.text == "download") => {
            Some("go.mod go.sum")
        }
        ("poetry", "install") => Some("pyproject.toml poetry.lock"),
        ("uv", "sync") => Some("pyproject.toml uv.lock"),
        ("composer", "install") => Some("composer.json composer.lock"),
        ("cargo", "fetch") => Some("Cargo.toml Cargo.lock"),
        _ => None,
    }
}
