//! # PL125 init-bypassed
//!
//! tini, dumb-init and their like are meant to be PID 1: they reap zombies and pass signals on. In
//! shell form a shell may take their place, and the init says so at every start
//! (`tini is not running as PID 1`).
//!
//! Write the exec form: `ENTRYPOINT ["tini", "--", "server"]`.

use plimsoll_model::Diagnostic;

use super::exec_form;
use crate::rule::Report;
use crate::subject::Subject;
use plimsoll_contract::contract::{LaunchMode, Pid1};
use plimsoll_contract::modes;
use plimsoll_contract::pid1::words::{self, Started, base_name};

const INITS: [&str; 5] = ["tini", "tini-static", "dumb-init", "catatonit", "docker-init"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let part = subject.leading();
    let Started::ShellText { text, .. } = words::unwrap(subject.words(part)) else { return Vec::new() };
    let init = subject.program_of(&text);
    let launch = modes::launch(subject.contract, &LaunchMode::AsBuilt);
    if !is_init(&init) || matches!(launch.pid1, Pid1::Program(_)) {
        return Vec::new();
    }
    let found = report.warning(format!("{init} is not PID 1: a shell stands above it"));
    let mut found = subject.at(found, part, "shell form");
    if let (Some((source, _, command)), Some(words)) =
        (subject.command(part), exec_form::literal_words(&text))
    {
        let title = format!("exec form makes {init} PID 1");
        found.fix = Some(exec_form::replace(source, command.span(), exec_form::json_array(&words), title));
    }
    vec![found]
}

/// Whether a program is made to be PID 1 above another one.
pub(super) fn is_init(program: &str) -> bool {
    INITS.contains(&base_name(program))
}
