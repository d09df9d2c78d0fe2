//! # PL128 binds-localhost
//!
//! The program is told to listen on 127.0.0.1. Inside a container that is the container's own
//! loopback: neither a published port nor a Service nor a probe reaches it.
//!
//! Listen on 0.0.0.0 (or `::`).

use plimsoll_model::{Certainty, Diagnostic};

use crate::rule::Report;
use crate::subject::Subject;

/// Options by which servers are told where to listen.
const OPTIONS: [&str; 11] = [
    "--host",
    "--bind",
    "-b",
    "--listen",
    "--address",
    "--addr",
    "--listen-address",
    "--hostname",
    "--ip",
    "--server.address",
    "--http-host",
];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let options: Vec<(&str, &str)> = options(&foreground.argv);
    let chosen: Vec<_> = options.into_iter().filter(|(name, _)| OPTIONS.contains(name)).collect();
    let Some((name, value)) = chosen.iter().find(|(_, value)| is_loopback(value)) else { return Vec::new() };
    // A second address may be the public one.
    if chosen.iter().any(|(_, value)| !is_loopback(value)) {
        return Vec::new();
    }
    let found = report.error(format!("nobody outside reaches the program: it listens on {value}"));
    let found =
        found.certainty(Certainty::Likely).note("published ports, Services and probes come from outside");
    vec![subject.at_foreground(found, &foreground, &format!("{name} {value}: give 0.0.0.0"))]
}

/// `--name value` and `--name=value`.
pub(crate) fn options(argv: &[String]) -> Vec<(&str, &str)> {
    let next = argv.iter().skip(1).map(String::as_str).chain(std::iter::once(""));
    let pairs = argv.iter().zip(next).filter(|(word, _)| word.starts_with('-'));
    pairs.map(|(word, next)| word.split_once('=').unwrap_or((word, next))).collect()
}

fn is_loopback(value: &str) -> bool {
    let value = value.trim_start_matches("http://").trim_start_matches("tcp://");
    let host = value.split(':').next().unwrap_or("");
    host == "localhost" || host.starts_with("127.") || value.starts_with("[::1]") || value == "::1"
}
