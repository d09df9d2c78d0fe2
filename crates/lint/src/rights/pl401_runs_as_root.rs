//! # PL401 runs-as-root
//!
//! The image starts as uid 0: no USER is set, here or in the base, or it is root. A fault in the
//! program then has all the rights of root in the container, and Kubernetes refuses the image where
//! `runAsNonRoot` is demanded.
//!
//! Set a number: `USER 10001`. A number needs no account in the image.
//!
//! When an entrypoint script steps down to another user itself (gosu, su-exec, setpriv), this is only
//! information: Kubernetes still sees an image that starts as root.

use plimsoll_model::{Because, Certainty, Diagnostic, Span};

use crate::launch::exec_form;
use crate::rule::Report;
use crate::subject::{Part, Subject};
use plimsoll_contract::from_dockerfile::Base;

/// Programs by which a script gives up root.
const STEPS_DOWN: [&str; 6] = ["gosu", "su-exec", "setpriv", "s6-setuidgid", "runuser", "chpst"];

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let user = &subject.contract.user;
    let name = user.value.split(':').next().unwrap_or("");
    if !matches!(name, "" | "root") && name.parse::<u32>() != Ok(0) {
        return Vec::new();
    }
    let written = matches!(user.because, Because::Written { .. });
    let Some(certainty) = certainty(subject, written) else { return Vec::new() };
    let (entrypoint, cmd) = (subject.words(Part::Entrypoint), subject.words(Part::Cmd));
    let script = subject.contract.script.as_ref();
    let tool = STEPS_DOWN.into_iter().find(|tool| {
        let in_words =
            entrypoint.iter().chain(cmd).any(|word| plimsoll_contract::pid1::words::base_name(word) == *tool);
        in_words || script.is_some_and(|script| script.source.text().contains(tool))
    });
    let found = match tool {
        Some(tool) => {
            let found = report.info(format!("the image starts as root and steps down with {tool}"));
            found.note("Kubernetes' runAsNonRoot still refuses it: give runAsUser in the pod")
        }
        None => {
            let found = report.warning("the image runs as root");
            found.note("Kubernetes refuses it where runAsNonRoot is set")
        }
    };
    let found = found.certainty(certainty);
    vec![place(subject, found, written, tool.is_none())]
}

/// How sure it is that nothing inherited sets another user; `None` if nothing can be said.
fn certainty(subject: &Subject<'_>, written: bool) -> Option<Certainty> {
    let Some((_, prediction)) = subject.written else { return Some(Certainty::Certain) };
    if written || prediction.base_known() {
        return Some(Certainty::Certain);
    }
    // Docker's official images start as root, with few exceptions.
    let official = match prediction.root() {
        Some(Base::Image { reference, .. }) => {
            reference.registry == plimsoll_model::reference::DEFAULT_REGISTRY
                && reference.repository.starts_with("library/")
        }
        _ => false,
    };
    official.then_some(Certainty::Likely)
}

fn place(subject: &Subject<'_>, found: Diagnostic, written: bool, propose: bool) -> Diagnostic {
    if written {
        return subject.label(found, &subject.contract.user.because, "root", true);
    }
    let Some((dockerfile, prediction)) = subject.written else { return found };
    let Some(stage) = dockerfile.stages.get(prediction.target) else { return found };
    let mut found = found.at(&dockerfile.source, stage.span, "no USER in this stage nor before it");
    let launch = [Part::Entrypoint, Part::Cmd].into_iter().filter_map(|part| subject.command(part));
    let here = launch.filter(|(_, statement, _)| statement.span.start > stage.span.start);
    if let (true, Some(at)) = (propose, here.map(|(_, statement, _)| statement.span.start).min()) {
        let title = "run as a numeric user (files it writes to must belong to it)".to_string();
        let edit = "USER 10001\n".to_string();
        found.fix = Some(exec_form::replace(&dockerfile.source, Span::new(at, at), edit, title));
    }
    found
}
