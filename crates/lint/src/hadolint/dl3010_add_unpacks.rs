//! # DL3010 add-unpacks
//!
//! hadolint's rule under its own code, with its results at the same lines; off unless asked for: an
//! archive is copied and then unpacked by RUN. ADD unpacks by itself and leaves no archive in a
//! layer.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::words::{arguments, at_spans, commands, copied_from, is_archive, name, operands, unquoted};
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut spans = Vec::new();
    for (stage, written) in runs.file.dockerfile.stages.iter().enumerate() {
        for statement in &written.statements {
            let Instruction::Copy { is_add: false, flags, sources, destination, .. } = &statement.instruction
            else {
                continue;
            };
            let archives: Vec<&str> = match is_archive(&destination.text) {
                true => vec![base(&destination.text)],
                false => {
                    sources.iter().map(|source| base(&source.text)).filter(|name| is_archive(name)).collect()
                }
            };
            let unpacks = |run: &Run<'_>| {
                run.statement.span.start > statement.span.start
                    && commands(run).any(|command| {
                        is_unpacking(command)
                            && operands(command, &[]).into_iter().any(|word| archives.contains(&base(word)))
                    })
            };
            let mine = runs.list.iter().filter(|run| run.stage == Some(stage));
            if copied_from(flags).is_none() && mine.into_iter().any(unpacks) {
                spans.push(statement.span);
            }
        }
    }
    at_spans(source, spans.into_iter(), || report.info("an archive is copied to be unpacked"))
}

fn base(path: &str) -> &str {
    unquoted(path).rsplit(['/', '\\']).next().unwrap_or("")
}

fn is_unpacking(command: &RunCommand) -> bool {
    let extracts =
        |word: &str| matches!(word, "--extract" | "--get") || (word.starts_with('-') && word.contains('x'));
    let unpackers = ["unzip", "gunzip", "bunzip2", "unlzma", "unxz", "zgz", "uncompress", "zcat", "gzcat"];
    unpackers.contains(&name(command)) || (name(command) == "tar" && arguments(command).any(extracts))
}
