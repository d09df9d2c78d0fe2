//! # PL122 stopsignal-for-program
//!
//! Some programs stop gracefully on another signal than SIGTERM: nginx and php-fpm finish their
//! requests on SIGQUIT, httpd on SIGWINCH, systemd powers off on SIGRTMIN+3, postgres ends sessions on
//! SIGINT (on SIGTERM it waits for all of them).
//!
//! Add the STOPSIGNAL.

use plimsoll_model::{Because, Diagnostic, Edit, Fix, Span};

use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::base_name;

const SIGNALS: [(&str, &str, &str); 9] = [
    ("nginx", "SIGQUIT", "finishes the requests under way"),
    ("php-fpm", "SIGQUIT", "finishes the requests under way"),
    ("httpd", "SIGWINCH", "finishes the requests under way"),
    ("apachectl", "SIGWINCH", "finishes the requests under way"),
    ("apache2", "SIGWINCH", "finishes the requests under way"),
    ("apache2-foreground", "SIGWINCH", "finishes the requests under way"),
    ("postgres", "SIGINT", "ends sessions and shuts down cleanly"),
    ("systemd", "SIGRTMIN+3", "stops its services"),
    ("init", "SIGRTMIN+3", "stops its services, if it is systemd"),
];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    if !matches!(subject.contract.stop_signal.because, Because::RuntimeDefault(_)) {
        return Vec::new();
    }
    let Some(foreground) = subject.foreground() else { return Vec::new() };
    let Some(program) = foreground.argv.first().map(|word| base_name(word)) else { return Vec::new() };
    let Some((_, signal, what)) = SIGNALS.iter().find(|(name, ..)| *name == program) else {
        return Vec::new();
    };
    let found = report.info(format!("{program} {what} on {signal}, not on SIGTERM"));
    let mut found = subject.at_foreground(found, &foreground, "is stopped with SIGTERM");
    if let Some((source, statement, _)) = subject.command(subject.leading()).or(subject.command(Part::Cmd)) {
        let at = statement.span.start;
        found.fix = Some(Fix {
            title: "name the signal".to_string(),
            source: source.clone(),
            edits: vec![Edit { span: Span::new(at, at), replacement: format!("STOPSIGNAL {signal}\n") }],
            safe: program != "init",
        });
    }
    vec![found]
}
