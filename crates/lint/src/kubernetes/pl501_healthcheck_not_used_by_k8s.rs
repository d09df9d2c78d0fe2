//! # PL501 healthcheck-not-used-by-k8s
//!
//! Kubernetes never runs HEALTHCHECK: without a probe of its own a pod counts as ready as soon as its
//! process runs, and is never restarted when the program hangs. `kube generate` turns the check into
//! a probe.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(health) = &subject.contract.healthcheck else { return Vec::new() };
    let found = report.info("Kubernetes does not use this HEALTHCHECK");
    let found = subject.label(found, &health.because, "run by docker only", true);
    vec![found.note("`kube generate` turns it into a probe")]
}
