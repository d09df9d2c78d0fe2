//! # PL132 nothing-to-run
//!
//! Neither this Dockerfile nor its base sets ENTRYPOINT or CMD: `run IMAGE` without a command is
//! refused (`no command specified`), and so is a pod without `command`.
//!
//! Add a CMD. Nothing is said when the base image is not at hand.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let known = subject.written.is_none_or(|(_, prediction)| prediction.base_known());
    // An ENTRYPOINT that emptied the CMD of the base has a rule of its own.
    let emptied = subject.written.is_some_and(|(_, prediction)| prediction.lost_cmd.is_some());
    if !subject.argv().is_empty() || !known || emptied {
        return Vec::new();
    }
    let found = report.error("the image has neither ENTRYPOINT nor CMD");
    let found = found.note("run and Kubernetes refuse it unless they give a command");
    let stage = subject.written.and_then(|(dockerfile, prediction)| {
        Some((&dockerfile.source, dockerfile.stages.get(prediction.target)?.span))
    });
    vec![match stage {
        Some((source, span)) => found.at(source, span, "nothing to start in this stage nor before it"),
        None => found,
    }]
}
