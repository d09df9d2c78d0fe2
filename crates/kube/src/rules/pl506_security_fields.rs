//! # PL506 k8s-security-fields
//!
//! Fields that take rights away from a container are not set, and what is not set is granted: root, gaining
//! rights through set-id programs, fourteen capabilities, a writable root file system, every system call. The
//! Pod Security Standard "restricted" demands all of them but `readOnlyRootFilesystem`.
//!
//! Most programs need none of these rights; `plimsoll prove` tries which, and `kube generate` writes the
//! fields that hold:
//!
//! ```yaml
//! securityContext:
//!   runAsNonRoot: true
//!   allowPrivilegeEscalation: false
//!   readOnlyRootFilesystem: true
//!   capabilities: {drop: [ALL]}
//!   seccompProfile: {type: RuntimeDefault}
//! ```

use plimsoll_model::{Diagnostic, Edit, Fix, Span};

use super::{Report, Subject};
use crate::read::Restrictions;

/// The name of a field, how it is written in a block, and whether it holds.
type Field = (&'static str, &'static str, fn(&Restrictions) -> bool);

const FIELDS: [Field; 5] = [
    ("runAsNonRoot", "runAsNonRoot: true", |held| held.non_root),
    ("allowPrivilegeEscalation", "allowPrivilegeEscalation: false", |held| held.no_escalation),
    ("readOnlyRootFilesystem", "readOnlyRootFilesystem: true", |held| held.read_only_root),
    ("capabilities.drop", "capabilities: {drop: [ALL]}", |held| held.drops_all),
    ("seccompProfile", "seccompProfile: {type: RuntimeDefault}", |held| held.seccomp),
];

pub(super) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let container = subject.container;
    let missing: Vec<_> = FIELDS.iter().filter(|(.., held)| !held(&container.restrictions)).collect();
    if missing.is_empty() || container.is_windows {
        return Vec::new();
    }
    let names = missing.iter().map(|(name, ..)| *name).collect::<Vec<_>>().join(", ");
    let place = container.image.as_ref().map_or(container.span, |image| image.span);
    let found = report.warning(format!("container {} has rights it may not need: {names}", container.name));
    let found = found.at(subject.source, place, "not restricted").note(
        "plimsoll prove IMAGE tries which of them the program needs; kube generate writes the others down",
    );
    let lines: Vec<&str> = missing.iter().map(|(_, line, _)| *line).collect();
    vec![match block(subject, &lines) {
        Some(fix) => found.fix(fix),
        None => found,
    }]
}

/// A `securityContext` below the image, where the container is written in lines and has none.
fn block(subject: &Subject<'_>, lines: &[&str]) -> Option<Fix> {
    let image = subject.container.image.as_ref().filter(|_| subject.container.security_context.is_none())?;
    let text = subject.source.text();
    let start = text.get(..image.span.start)?.rfind('\n').map_or(0, |at| at + 1);
    let before = text.get(start..image.span.start)?;
    let key = before.trim_start_matches([' ', '-']);
    // In `{name: x, image: y}` there is no line to stand on.
    if key.trim_end() != "image:" {
        return None;
    }
    let blanks = " ".repeat(before.len() - key.len());
    let end = text.get(image.span.end..)?.find('\n').map_or(text.len(), |at| image.span.end + at);
    let body: String = lines.iter().map(|line| format!("\n{blanks}  {line}")).collect();
    let edit = Edit { span: Span::new(end, end), replacement: format!("\n{blanks}securityContext:{body}") };
    // Whether the program needs what is taken away nobody knows before it was tried.
    let title = "take them away".to_string();
    Some(Fix { title, source: subject.source.clone(), edits: vec![edit], safe: false })
}
