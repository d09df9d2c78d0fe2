//! # PL130 logs-buffered
//!
//! Python buffers what it prints when no terminal is there: `logs` shows lines late, and the last ones
//! before a crash are lost.
//!
//! `ENV PYTHONUNBUFFERED=1`, or `python -u`.

use plimsoll_model::{Diagnostic, Edit, Fix, Span};

use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::pid1::words::base_name;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let program = foreground.argv.first().map_or("", |word| base_name(word));
    let python = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == "python";
    let unbuffered = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.contains('u');
    let options = foreground.argv.iter().skip(1).take_while(|word| word.starts_with('-'));
    let set = subject
        .contract
        .env
        .iter()
        .any(|pair| pair.value.0 == "PYTHONUNBUFFERED" && !pair.value.1.is_empty());
    let in_script =
        foreground.in_script.as_ref().is_some_and(|(source, _)| source.text().contains("PYTHONUNBUFFERED"));
    // A server of its own (`-m gunicorn`) logs to stderr, which is not buffered.
    let module = foreground.argv.iter().any(|word| word == "-m");
    let runs_a_file = foreground.argv.iter().skip(1).any(|word| !word.starts_with('-'));
    if !python || !runs_a_file || set || in_script || module || options.clone().any(unbuffered) {
        return Vec::new();
    }
    let found = report.info(format!("{program} holds its output back: logs come late or never"));
    let mut found = subject.at_foreground(found, &foreground, "output is buffered");
    if let Some((source, statement, _)) = subject.command(subject.leading()) {
        let at = statement.span.start;
        found.fix = Some(Fix {
            title: "print at once".to_string(),
            source: source.clone(),
            edits: vec![Edit {
                span: Span::new(at, at),
                replacement: "ENV PYTHONUNBUFFERED=1\n".to_string(),
            }],
            safe: true,
        });
    }
    vec![found]
}
