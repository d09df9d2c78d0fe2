//! # PL504 volume-vs-readonly
//!
//! The image declares a VOLUME. Docker makes a volume for it; Kubernetes knows nothing of it: the
//! directory is an ordinary one of the container, gone at the next restart, and with
//! `readOnlyRootFilesystem` nothing can be written there.
//!
//! Mount something on it in the pod: a claim for what must last, an `emptyDir` for the rest. `kube
//! generate` writes these mounts.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let Some(first) = subject.contract.volumes.first() else { return Vec::new() };
    let names: Vec<&str> = subject.contract.volumes.iter().map(|volume| volume.value.as_str()).collect();
    let found = report.info(format!("Kubernetes makes no volume for {}", names.join(", ")));
    let found = subject.label(found, &first.because, "docker makes one, a pod has to mount one", true);
    vec![found.note("with readOnlyRootFilesystem nothing can be written there without a mount")]
}
