//! # PL119 background-job
//!
//! A program is put into the background with `&`. Nobody notices when it ends, it gets no signal when
//! the container stops, and if it is the last command the container ends at once.
//!
//! Run one program a container, or let a small supervisor start both; in a script use `trap` and
//! `wait` for all of them.

use plimsoll_dockerfile::shell::{self, Join, Node};
use plimsoll_model::{Diagnostic, Source};

use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::{self, Started};

/// Helpers that people rightly start beside the program.
const HELPERS: [&str; 6] = ["sleep", "tail", "cat", "echo", "printf", "exec"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    for part in [part, Part::Cmd] {
        if let Started::ShellText { text, .. } = words::unwrap(subject.words(part)) {
            let Some((program, _, last)) = background(&text) else { return Vec::new() };
            let found = subject.at(message(report, &program, last), part, "");
            return vec![found];
        }
    }
    let Some(script) = subject.script(part) else { return Vec::new() };
    let source: &Source = &script.source;
    let Some((program, span, last)) = background(source.text()) else { return Vec::new() };
    let found = message(report, &program, last).at(source, span, "in the background");
    vec![subject.beside(found, part, "starts the script")]
}

fn message(report: &Report, program: &str, last: bool) -> Diagnostic {
    match last {
        true => report.error(format!("{program} runs in the background: the container ends at once")),
        false => report
            .warning(format!("{program} runs in the background: nobody notices its end or stops it"))
            .note("the stop signal goes to PID 1 only; what runs beside it is killed with it"),
    }
}

/// The first program put into the background of a text without `trap`, and whether nothing follows.
fn background(text: &str) -> Option<(String, plimsoll_model::Span, bool)> {
    let script = shell::read(text);
    if !script.traps.is_empty() || script.unclear.is_some() {
        return None;
    }
    script.commands.iter().enumerate().find_map(|(at, command)| {
        let Node::Simple(simple) = &command.node else { return None };
        let program = simple.program().filter(|name| !HELPERS.contains(name))?;
        let last = at + 1 == script.commands.len();
        (command.join == Join::Background).then(|| (program.to_string(), simple.span, last))
    })
}
