//! # PL101 args-ignored
//!
//! A shell-form ENTRYPOINT is stored as `["/bin/sh", "-c", "text"]`. Whatever comes after it - CMD,
//! the words after the image in `docker run`, `args` of a pod - becomes `$0`, `$1`... of that shell,
//! and the text does not use them. The program never sees them.
//!
//! ```Dockerfile
//! ENTRYPOINT ./server --port 8080
//! CMD ["--log", "json"]
//! ```
//!
//! Write the exec form: `ENTRYPOINT ["./server", "--port", "8080"]`. If a shell is needed, hand the
//! arguments on: `ENTRYPOINT ["/bin/sh", "-c", "exec ./server --port $PORT \"$@\"", "--"]`.
//!
//! It is an error when a CMD is lost, a warning when only arguments given later would be.

use plimsoll_model::Diagnostic;

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::modes;
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let entrypoint = subject.words(Part::Entrypoint);
    let Started::ShellText { text, .. } = words::unwrap(entrypoint) else { return Vec::new() };
    let meant = subject.is_shell_form(Part::Entrypoint) && !subject.is_almost_json(Part::Entrypoint);
    if !meant || !modes::drops_args(entrypoint, subject.contract) {
        return Vec::new();
    }
    let program = subject.program_of(&text);
    let cmd = subject.words(Part::Cmd);
    let form = format!("shell form: PID 1 starts as {}", exec_form::json_array(entrypoint));
    let found = match cmd.is_empty() {
        true => {
            let message = format!("arguments would never reach {program}");
            subject.at(report.warning(message), Part::Entrypoint, &form)
        }
        false => {
            let found = report.error(format!("arguments never reach {program}"));
            let found = subject.beside(found, Part::Entrypoint, &form);
            let lost = format!("lands in sh's $0, $1...: {program} never sees it");
            match subject.command(Part::Cmd) {
                Some(_) => subject.at(found, Part::Cmd, &lost),
                None => {
                    let note = format!("CMD {} {lost}", exec_form::json_array(cmd));
                    subject.at(found, Part::Entrypoint, "").note(note)
                }
            }
        }
    };
    let also = "also lost: words after the image in `run`, and Kubernetes args";
    let mut found = found.note(also).note("`prove` really runs it and shows what PID 1 was given");
    if let Some((source, _, command)) = subject.command(Part::Entrypoint) {
        found.fix = exec_form::fix(source, command, &text, true);
    }
    vec![found]
}
