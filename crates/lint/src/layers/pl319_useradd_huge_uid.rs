//! # PL319 useradd-huge-uid
//!
//! `useradd -u 1000660000`: useradd writes the account into /var/log/lastlog and faillog at a place that
//! grows with the number. The file is sparse, layers are not: gigabytes of zeros, and a build that
//! seems to hang.
//!
//! `useradd --no-log-init`.

use plimsoll_model::Diagnostic;

use crate::edits;
use crate::rule::Report;
use crate::run_commands::{RunCommand, Runs};

/// Below this the file stays small: an entry has 292 bytes.
const LARGE: u64 = 100_000;

pub(crate) fn check(runs: &Runs<'_>, report: &Report) -> Vec<Diagnostic> {
    let source = &runs.file.dockerfile.source;
    let found = runs.commands().filter_map(|(_, command)| {
        let logs = command.program() == "useradd" && !command.has(&["-l", "--no-log-init"]);
        let number = uid(command).filter(|number| logs && !command.has_letter('l') && *number >= LARGE)?;
        let bytes = number.saturating_mul(292) / 1_000_000;
        let message = format!("useradd writes a log of {bytes} MB of zeros for uid {number}");
        let found = report.info(message).at(source, command.span, "no --no-log-init");
        let program = command.words().first().filter(|_| command.is_exact);
        Some(match program {
            Some(word) => {
                let title = "write no log";
                found.fix(edits::insert(source, word.span.end, " --no-log-init", title, true))
            }
            None => found,
        })
    });
    found.collect()
}

fn uid(command: &RunCommand) -> Option<u64> {
    let words = command.arguments();
    words.iter().enumerate().find_map(|(at, word)| match word.text.as_str() {
        "-u" | "--uid" => words.get(at + 1)?.text.parse().ok(),
        long => long.strip_prefix("--uid=")?.parse().ok(),
    })
}
