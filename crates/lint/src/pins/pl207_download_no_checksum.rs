//! # PL207 download-no-checksum
//!
//! A file is fetched and nothing checks that it is the one that was meant: a changed or broken
//! download goes into the image.
//!
//! `ADD --checksum=sha256:... URL dest` checks and caches; in RUN: `echo "HASH  file" | sha256sum -c -`.
//! A signature (`gpg --verify`, `cosign verify-blob`) counts as well. Said once a RUN.

use plimsoll_dockerfile::syntax::Instruction;
use plimsoll_model::Diagnostic;

use super::pl206_pipe_to_shell::is_download;
use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};
use crate::stage_facts::flag_value;

/// Words of a RUN that checks what it fetched.
const CHECKS: [&str; 12] = [
    "sha256sum",
    "sha512sum",
    "sha1sum",
    "sha384sum",
    "shasum",
    "md5sum",
    "b2sum",
    "gpg",
    "cosign",
    "minisign",
    "openssl dgst",
    "signify",
];

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = added(runs, report);
    for run in runs.understood().filter(|run| !CHECKS.iter().any(|word| run.text.contains(word))) {
        if let Some(command) = run.commands.iter().find(|command| keeps_a_file(run, command)) {
            let message = format!("what {} downloads is checked by nothing", command.program());
            found.push(report.info(message).at(source, command.span, "no sha256, no signature"));
        }
    }
    found
}

fn added(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = runs.file.statements().filter_map(|statement| {
        let Instruction::Copy { is_add: true, flags, sources, .. } = &statement.instruction else {
            return None;
        };
        let is_fetched = |text: &str| {
            let is_web = text.starts_with("https://") || text.starts_with("http://");
            is_web && !text.contains(".git#") && !text.ends_with(".git")
        };
        let url = sources.iter().find(|source| is_fetched(&source.text))?;
        if flag_value(flags, "checksum").is_some() {
            return None;
        }
        let message = "ADD fetches a file that nothing checks";
        let source = &runs.file.dockerfile.source;
        Some(report.info(message).at(source, url.span, "--checksum=sha256:... pins it"))
    });
    found.collect()
}

/// Whether a download is written to a file or unpacked, rather than looked at.
fn keeps_a_file(run: &Run<'_>, command: &RunCommand) -> bool {
    let is_key = command.arguments().iter().any(|word| {
        [".asc", ".gpg", ".key", ".sig", ".sha256", "sha256sum", ".list", ".repo", ".pub"]
            .iter()
            .any(|end| word.text.ends_with(end))
    });
    let is_local = command.arguments().iter().any(|word| word.text.contains("localhost"));
    // To its output: a question, unless an archiver reads it.
    let is_asked = command.arguments().iter().any(|word| word.text == "-" || word.text.ends_with("O-"));
    let is_unpacked = run.commands.iter().any(|other| matches!(other.program(), "tar" | "unzip" | "bsdtar"));
    let is_written = command.has(&["--output", "--remote-name", "--output-document", "-O"])
        || command.has_letter('o')
        || command.has_letter('O')
        || !command.redirects.is_empty()
        || (command.program() == "wget" && !command.has_letter('q'));
    is_download(command) && !is_key && !is_local && (is_unpacked || is_written && !is_asked)
}
