//! Generated manifests as a whole: snapshots, the API's schema, reasons.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests read snapshots, ask python for a second opinion and say what they skip"
)]

mod decisions;
mod pod_security;
mod schema;
mod snapshots;
mod specimens;
