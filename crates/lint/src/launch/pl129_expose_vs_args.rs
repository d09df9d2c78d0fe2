//! # PL129 expose-vs-args
//!
//! EXPOSE names one port and the command line another. EXPOSE opens nothing, it only tells people and
//! tools (`run -P`, `kube generate`) where the program listens; here it tells them wrong.
//!
//! Make both say the same.

use plimsoll_model::{Certainty, Diagnostic};

use super::pl128_binds_localhost::options;
use crate::rule::Report;
use crate::subject::Subject;

const OPTIONS: [&str; 8] =
    ["--port", "-p", "--http-port", "--server.port", "--listen-port", "--bind", "-b", "--listen"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let port_of = |value: &str| value.rsplit(':').next().and_then(|last| last.parse::<u16>().ok());
    let listed = options(&foreground.argv).into_iter().filter(|(name, _)| OPTIONS.contains(name));
    let ports: Vec<u16> = listed.filter_map(|(_, value)| port_of(value)).filter(|port| *port > 0).collect();
    let exposed = &subject.contract.ports;
    let known = |port: &u16| exposed.iter().any(|known| known.value.number == *port);
    let (Some(port), Some(first)) = (ports.iter().find(|port| !known(port)), exposed.first()) else {
        return Vec::new();
    };
    if ports.iter().any(known) {
        return Vec::new();
    }
    let found = report
        .warning(format!("the program is told to listen on {port}, EXPOSE says {}", first.value.number));
    let found = subject.label(found.certainty(Certainty::Likely), &first.because, "another port", true);
    let found = match &foreground.in_script {
        Some((source, span)) => found.context(source, *span, "listens here"),
        None => subject.beside(found, subject.part_of(&foreground), "listens here"),
    };
    vec![found]
}
