//! # PL105 script-drops-args
//!
//! The entrypoint script never looks at its arguments: neither `"$@"` nor `$1` nor `shift` is in it.
//! CMD, the words after the image in `docker run`, and `args` of a pod have no effect.
//!
//! End the script with `exec server "$@"`, or with `exec "$@"` when CMD names the program.

use plimsoll_model::Diagnostic;

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::modes;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let entrypoint = subject.words(Part::Entrypoint);
    let Some(script) = subject.script(Part::Entrypoint) else { return Vec::new() };
    if !modes::drops_args(entrypoint, subject.contract) {
        return Vec::new();
    }
    let cmd = subject.words(Part::Cmd);
    let name = &script.word;
    let found = match cmd.is_empty() {
        true => {
            let found = report.info(format!("arguments would have no effect: {name} never uses them"));
            subject.at(found, Part::Entrypoint, "no \"$@\" in the script")
        }
        false => {
            let found = report.warning(format!("CMD has no effect: {name} never uses its arguments"));
            let lost = format!("{} is never looked at", exec_form::json_array(cmd));
            let found = match subject.command(Part::Cmd) {
                Some(_) => subject.at(found, Part::Cmd, &lost),
                None => subject.at(found, Part::Entrypoint, "").note(lost),
            };
            subject.beside(found, Part::Entrypoint, "no \"$@\" in the script")
        }
    };
    vec![found.note("also lost: words after the image in `run`, and Kubernetes args")]
}
