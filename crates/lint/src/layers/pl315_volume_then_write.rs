//! # PL315 volume-then-write
//!
//! RUN changes files below a directory that a VOLUME above declares. Builders that run each step as a
//! container of the image (docker's old builder, kaniko, buildah by default) throw these changes away;
//! BuildKit keeps them. What the image holds depends on who builds it.
//!
//! Put VOLUME behind the last change.

use plimsoll_contract::stage::Work;
use plimsoll_dockerfile::syntax::{Instruction, Statement, Text};
use plimsoll_model::file_tree::clean_path;
use plimsoll_model::{Diagnostic, Fix};

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs, is_below};

/// Programs that change the files they are given.
const WRITERS: [&str; 11] =
    ["mkdir", "touch", "chown", "chmod", "cp", "mv", "rm", "ln", "install", "tee", "tar"];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    for (stage, statement) in runs.file.staged() {
        let Instruction::Volume(paths) = &statement.instruction else { continue };
        let later = runs.of_stage(stage).filter(|run| run.statement.span.start > statement.span.start);
        let change = later.into_iter().find_map(|run| {
            let command = run.commands.iter().find(|command| changes(runs, run, command, paths))?;
            Some((run, command))
        });
        if let Some((run, command)) = change {
            let message = "some builders throw away what RUN changes below a VOLUME";
            let diagnostic = report.warning(message).at(source, command.span, "changes the volume");
            let diagnostic = diagnostic.context(source, statement.span, "declared here");
            found.push(diagnostic.fix(moved(runs, stage, statement, run)));
        }
    }
    found
}

fn changes(runs: &Runs<'_>, run: &Run<'_>, command: &RunCommand, volumes: &[Text]) -> bool {
    let Some(step) = run.stage.and_then(|stage| runs.file.step(stage, run.statement)) else { return false };
    let is_run = matches!(step.applied.work, Work::Run(_));
    let is_inside = |path: &str| {
        let path = clean_path(&step.workdir, path);
        volumes.iter().any(|volume| {
            let volume = volume.text.trim_matches(['"', '\'']);
            volume.starts_with('/') && volume != "/" && is_below(&path, volume)
        })
    };
    let written = command.redirects.iter().filter_map(|redirect| redirect.text.rsplit('>').next());
    let operands = command.arguments().iter().filter(|word| !word.text.starts_with('-'));
    let by_name =
        WRITERS.contains(&command.program()) && operands.into_iter().any(|word| is_inside(&word.text));
    let by_redirect = written.map(str::trim).any(|path| path.starts_with('/') && is_inside(path));
    is_run && (by_name || by_redirect)
}

/// VOLUME behind the last RUN of the stage.
fn moved(runs: &Runs<'_>, stage: usize, volume: &Statement, first: &Run<'_>) -> Fix {
    let source = &runs.file.dockerfile.source;
    let title = "declare it behind the last RUN";
    let last = runs.of_stage(stage).last().map_or(first.statement, |run| run.statement);
    let mut fix = edits::replace(source, edits::whole_lines(source, volume.span), "", title, true);
    let blanks = edits::indentation(source, last.span.start);
    let text = format!("\n{blanks}{}", source.slice(volume.span));
    fix.edits.extend(edits::insert(source, last.span.end, text, title, true).edits);
    fix
}
