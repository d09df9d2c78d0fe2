//! # PL102 cmd-becomes-sh-args
//!
//! A shell-form CMD is stored as `["/bin/sh", "-c", "text"]`. Behind an exec-form ENTRYPOINT these
//! three words become arguments of the program, which knows nothing of `/bin/sh -c`.
//!
//! ```Dockerfile
//! ENTRYPOINT ["./server"]
//! CMD --port 8080            # the server is given: /bin/sh -c "--port 8080"
//! ```
//!
//! Write CMD in exec form. An ENTRYPOINT that starts its arguments as a program (`tini --`,
//! `gosu app`, a script with `exec "$@"`) is fine with either form.

use plimsoll_model::{Certainty, Diagnostic};

use super::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::pid1::words::{self, Started};

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let (entrypoint, cmd) = (subject.words(Part::Entrypoint), subject.words(Part::Cmd));
    if entrypoint.is_empty() || !subject.is_shell_form(Part::Cmd) {
        return Vec::new();
    }
    let Some(text) = cmd.last() else { return Vec::new() };
    let certainty = match (words::unwrap(entrypoint), subject.launches_its_args(entrypoint)) {
        // A shell text takes no arguments at all: PL101 and PL108 say so.
        (Started::ShellText { .. }, _) => return Vec::new(),
        // `ENTRYPOINT ["sh", "-c"]`: the text is "/bin/sh" and the CMD's own text is lost.
        (Started::Shell, _) => Certainty::Certain,
        (_, Some(true)) => return Vec::new(),
        (_, Some(false)) => Certainty::Certain,
        (_, None) if entrypoint[0].contains("entrypoint") || entrypoint[0].ends_with(".sh") => {
            return Vec::new();
        }
        (_, None) => Certainty::Likely,
    };
    let program = &entrypoint[0];
    let found =
        report.error(format!("{program} is given \"/bin/sh\" \"-c\" as arguments")).certainty(certainty);
    let found =
        subject.at(found, Part::Cmd, &format!("shell form: stored as {}", exec_form::json_array(cmd)));
    let mut found = subject.beside(found, Part::Entrypoint, "exec form: CMD is appended to it");
    if let (Some((source, _, command)), Some(words)) =
        (subject.command(Part::Cmd), exec_form::literal_words(text))
    {
        let title = "exec form gives the program these words".to_string();
        found.fix = Some(exec_form::replace(source, command.span(), exec_form::json_array(&words), title));
    }
    vec![found]
}
