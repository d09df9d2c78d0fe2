//! # PL206 pipe-to-shell
//!
//! What a server answers is run unseen: `curl ... | sh`. An error page, half a download or a changed
//! script all run; without `pipefail` a failed download is a success.
//!
//! Download to a file, check its sha256, then run it. Or take the program from an image: `COPY
//! --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/`.

use plimsoll_contract::pid1::words::is_shell;
use plimsoll_dockerfile::shell::Join;
use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::run_commands::{Run, RunCommand, Runs};

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let mut found = Vec::new();
    for run in runs.understood() {
        for (at, command) in run.commands.iter().enumerate() {
            if let Some(reader) = piped_reader(run, at).filter(|_| is_download(command)) {
                let message =
                    format!("what {} downloads is run by {} unseen", command.program(), reader.program());
                let found_here = report.warning(message).at(source, reader.span, "runs whatever comes");
                found.push(found_here.context(source, command.span, "nothing checks this"));
            }
        }
        found.extend(run.commands.iter().filter_map(|command| substituted(runs, command, report)));
    }
    found
}

/// Whether a command fetches something over the network.
pub(crate) fn is_download(command: &RunCommand) -> bool {
    matches!(command.program(), "curl" | "wget")
}

/// The interpreter at the end of the pipe that a command feeds.
fn piped_reader<'r>(run: &'r Run<'_>, at: usize) -> Option<&'r RunCommand> {
    let mut feeding = at;
    while run.commands.get(feeding)?.join == Join::Pipe {
        feeding += 1;
        let reader = run.commands.get(feeding)?;
        let takes_script = reader.arguments().iter().all(|word| {
            word.text.starts_with('-') && word.text != "-c" || word.text.starts_with("/dev/stdin")
        }) || reader.has(&["-s", "-"]);
        let is_interpreter = is_shell(reader.program())
            || reader.program().starts_with("python")
            || reader.program() == "perl";
        if is_interpreter && takes_script && !reader.has(&["-c", "-e"]) {
            return Some(reader);
        }
    }
    None
}

/// `sh -c "$(curl ...)"`, `bash <(curl ...)`
fn substituted(runs: &Runs<'_>, command: &RunCommand, report: &Report) -> Option<Diagnostic> {
    if !is_shell(command.program()) && command.program() != "source" {
        return None;
    }
    let fetches =
        |raw: &str| ["$(curl ", "$(wget ", "<(curl ", "<(wget "].iter().any(|form| raw.contains(form));
    let word = command.arguments().iter().find(|word| fetches(&word.raw))?;
    let message = format!("what is downloaded is run by {} unseen", command.program());
    Some(report.warning(message).at(&runs.file.dockerfile.source, word.span, "runs whatever comes"))
}
