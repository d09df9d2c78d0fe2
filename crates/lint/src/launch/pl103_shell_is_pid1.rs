//! # PL103 shell-is-pid1
//!
//! In shell form the shell is started first. Whether it stays depends on which program `/bin/sh` is:
//! dash (Debian, Ubuntu) always stays as PID 1 and runs the program as its child; bash and busybox
//! (Fedora, Alpine) replace themselves by a single last command. A shell that stays gets SIGTERM
//! instead of the program, does not pass it on, and as PID 1 ignores it: stopping takes the whole
//! grace period and ends with SIGKILL.
//!
//! Put `exec` before the program, or write the exec form.
//!
//! Nothing is said about texts with a `trap`, which take care of signals themselves, and about those that
//! start no program or leave all of them in the background. When the base image is not at hand, the finding is
//! only a hint.

use plimsoll_dockerfile::shell::{self, Join};
use plimsoll_model::{Certainty, Diagnostic};

use super::exec_form;
use super::pl125_init_bypassed::is_init;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::contract::{Launch, LaunchMode, Pid1, ShellKind};
use plimsoll_contract::modes;
use plimsoll_contract::pid1;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let parts = [Part::Entrypoint, Part::Cmd];
    let text_of = |part| match words::unwrap(subject.words(part)) {
        Started::ShellText { shell, text, .. } => Some((part, shell, text)),
        _ => None,
    };
    let Some((part, shell, text)) = parts.into_iter().find_map(text_of) else { return Vec::new() };
    if subject.is_almost_json(part) {
        return Vec::new();
    }
    // Behind a program that takes it for arguments a shell text does not run at all.
    if part == Part::Cmd && subject.launches_its_args(subject.words(Part::Entrypoint)) == Some(false) {
        return Vec::new();
    }
    if text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "trap") {
        return Vec::new();
    }
    let read = shell::read(&text);
    let ends_at_once = read.commands.last().is_some_and(|last| last.join == Join::Background);
    // Of an init that a shell stands above, PL125 says more.
    if ends_at_once || !pid1::starts_a_program(&read) || is_init(&subject.program_of(&text)) {
        return Vec::new();
    }
    let kind = pid1::kind_of(&shell, subject.contract);
    let Launch { pid1, .. } = modes::launch(subject.contract, &LaunchMode::AsBuilt);
    let found = match pid1 {
        Pid1::Shell { child, .. } => stays(subject, report, kind, &shell, child.as_deref()),
        Pid1::Unknown(_) if kind == ShellKind::Unknown && would_stay(subject, &text, &shell) => {
            let message = format!("{shell} may stay PID 1 and keep SIGTERM to itself");
            let found = report.info(message).certainty(Certainty::Likely);
            found.note(format!(
                "which shell {shell} of {} is cannot be told: dash stays, bash and busybox do not",
                subject.image_name()
            ))
        }
        _ => return Vec::new(),
    };
    let mut found = subject.at(found, part, "");
    if let Some((source, statement, command)) = subject.command(part) {
        found.fix = exec_form::insert_exec(source, command.span(), &text)
            .or_else(|| exec_form::insert_exec(source, statement.span, &text));
    }
    vec![found]
}

fn stays(
    subject: &Subject<'_>,
    report: &Report,
    kind: ShellKind,
    shell: &str,
    child: Option<&str>,
) -> Diagnostic {
    let program = child.unwrap_or("the program");
    let found = report.warning(format!("SIGTERM stops at the shell: {program} never gets it"));
    let others = match kind {
        ShellKind::Dash => format!(" (busybox and bash would become {program})"),
        _ => String::new(),
    };
    let certainty = match subject.written {
        Some((_, prediction)) if matches!(prediction.shell_because, plimsoll_model::Because::Assumed(_)) => {
            Certainty::Likely
        }
        _ => Certainty::Certain,
    };
    let which = match others.is_empty() {
        true => format!("{shell} is {}: with this text it stays PID 1", kind.word()),
        false => format!("{shell} in {} is dash: it stays PID 1{others}", subject.image_name()),
    };
    found
        .certainty(certainty)
        .note(which)
        .note("stopping takes the whole grace period and ends with SIGKILL, exit code 137")
}

/// Whether dash would stay with this text.
fn would_stay(subject: &Subject<'_>, text: &str, shell: &str) -> bool {
    let mut contract = subject.contract.clone();
    contract.shell = ShellKind::Dash;
    let argv = [shell.to_string(), "-c".to_string(), text.to_string()];
    matches!(pid1::predict(&argv, &contract), Pid1::Shell { .. })
}
