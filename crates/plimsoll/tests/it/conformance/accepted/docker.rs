//! Debian's docker 20.10.

use super::{Accepted, Machine, accept, on};
use crate::conformance::engine::Name::Docker;

/// Its differences.
pub const ACCEPTED: &[Accepted] = &[
    accept(Docker, &["bind-relative-source/1"], "relative sources came with 23"),
    accept(Docker, &["volume-ls-format/4"], "--format json came with 23; it prints the word"),
    accept(Docker, &["exec-exit-code/3"], "127 for exec came with 27; it is 126"),
    accept(Docker, &["exit-125/3"], "what its client finds in the words alone ends with 1"),
    accept(Docker, &["device-unknown/1"], "any 'no such file' of the daemon is taken for the program's"),
    accept(Docker, &["inspect-format-invalid/3"], "a template that cannot be parsed ends with 64"),
    on(
        Machine::FewCapabilities,
        Docker,
        &["privileged/1", "privileged/2", "privileged/3", "exec-privileged/3"],
        "it asks for capabilities that root has not here",
    ),
];
