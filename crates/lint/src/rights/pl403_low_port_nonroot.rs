//! # PL403 low-port-nonroot
//!
//! A port below 1024 with a user that is not root. It works where the runtime lowers
//! `net.ipv4.ip_unprivileged_port_start`: docker does, containerd only since version 2.0. Elsewhere:
//! `bind() ... failed (13: Permission denied)`, and `NET_BIND_SERVICE` in a pod does not help a
//! non-root process.
//!
//! Listen on a port from 1024 up; a Service maps 80 to it.

use plimsoll_model::Diagnostic;

use crate::rule::Report;
use crate::subject::Subject;

pub(crate) fn check(subject: &Subject<'_>, report: &Report) -> Vec<Diagnostic> {
    let user = &subject.contract.user;
    let name = user.value.split(':').next().unwrap_or("");
    if matches!(name, "" | "root") || name.parse::<u32>() == Ok(0) {
        return Vec::new();
    }
    let low = subject.contract.ports.iter().filter(|port| (1..1024).contains(&port.value.number));
    let Some(first) = low.clone().next() else { return Vec::new() };
    let message = format!("{name} may not be allowed to listen on port {}", first.value.number);
    let found = subject.label(report.info(message), &first.because, "below 1024", true);
    let found = subject.label(found, &user.because, "not root", false);
    let mut found = found.note("allowed by docker and by containerd from 2.0 on; refused elsewhere");
    let others: Vec<String> = low.skip(1).take(5).map(|port| port.value.to_string()).collect();
    if !others.is_empty() {
        found.notes.push(format!("as well: {}", others.join(", ")));
    }
    vec![found]
}
