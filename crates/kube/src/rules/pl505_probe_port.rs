//! # PL505 probe-port
//!
//! A probe asks a port that nothing says the program listens on. A name that no port of the container has
//! never answers: the kubelet cannot look it up. A number that is neither in `ports`, nor in the image's
//! EXPOSE, nor anywhere in the words and variables of the process is mostly a slip: the container never
//! becomes ready, or is killed again and again.
//!
//! Write the port the program listens on; `prove` finds it out.
//!
//! Nothing is said of numbers where no port is declared at all.

use plimsoll_model::{Certainty, Diagnostic};

use super::{Report, Subject};
use crate::read::Probe;

pub(super) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let found = subject.container.probes.iter().filter_map(|probe| {
        let port = &probe.port;
        let found = match port.text.parse::<u16>() {
            Ok(number) => unheard_of(subject, probe, number, report)?,
            // Longer than a name may be, or empty: the API server refuses it.
            Err(_) => unnamed(subject, probe, report)?,
        };
        Some(found.at(subject.source, port.span, "nothing listens here, as far as is written"))
    });
    found.collect()
}

fn unnamed(subject: &Subject<'_>, probe: &Probe, report: &Report) -> Option<Diagnostic> {
    let name = probe.port.text.as_str();
    if subject.container.ports.iter().any(|port| port.name.as_deref() == Some(name)) {
        return None;
    }
    let found = report
        .error(format!("{} asks port '{name}', and no port of the container is called so", probe.field));
    Some(found.certainty(Certainty::Certain).note("the kubelet looks names up in the container's ports"))
}

fn unheard_of(subject: &Subject<'_>, probe: &Probe, number: u16, report: &Report) -> Option<Diagnostic> {
    let exposed = subject.contract.iter().flat_map(|contract| &contract.ports).map(|port| port.value.number);
    let declared: Vec<u16> =
        subject.container.ports.iter().filter_map(|port| port.number).chain(exposed).collect();
    if declared.is_empty() || declared.contains(&number) || is_spoken_of(subject, &number.to_string()) {
        return None;
    }
    let known = declared.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    let found = report.error(format!("{} asks port {number}, and {known} is declared", probe.field));
    Some(
        found
            .certainty(Certainty::Likely)
            .note("nothing in the words or variables of the process says so either"),
    )
}

/// Whether a number stands by itself in a word or a variable of the process.
fn is_spoken_of(subject: &Subject<'_>, number: &str) -> bool {
    let holds = |text: &str| text.split(|c: char| !c.is_ascii_digit()).any(|part| part == number);
    let env = subject.container.env.iter().filter_map(|variable| variable.value.as_ref());
    let of_image = subject.contract.iter().flat_map(|contract| &contract.env);
    subject.argv.iter().any(|word| holds(word))
        || env.into_iter().any(|value| holds(&value.text))
        || of_image.into_iter().any(|variable| holds(&variable.value.1))
}
