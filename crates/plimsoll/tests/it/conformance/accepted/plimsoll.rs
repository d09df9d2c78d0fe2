//! plimsoll.

use super::{Accepted, Machine, accept, on};
use crate::conformance::engine::Name::Plimsoll;

/// Its differences.
pub const ACCEPTED: &[Accepted] = &[
    accept(
        Plimsoll,
        &[
            "exec-not-running/2",
            "exec-not-running/3",
            "exec-user/5",
            "exec-words/3",
            "exec-workdir-missing/2",
            "pause-and-exec/3",
        ],
        "exec tells its own mistakes with 125 as run does: 1 and 126 may be the program's",
    ),
    accept(Plimsoll, &["terminal-without-one/1"], "125 as for all that run refuses: 1 may be the program's"),
    accept(
        Plimsoll,
        &[
            "cp-without-container/1",
            "flag-unknown/3",
            "flag-unknown/4",
            "inspect-format-invalid/2",
            "inspect-format-invalid/3",
            "kill-signal-invalid/2",
            "logs-invalid/2",
            "ps-filter-unknown/1",
            "ps-filter-unknown/2",
            "ps-format-invalid/1",
            "ps-format-invalid/2",
            "verb-unknown/1",
            "volume-ls-filter-unknown/1",
            "words-missing/1",
            "words-missing/2",
            "words-missing/3",
            "words-missing/4",
            "words-missing/5",
        ],
        "words that mean nothing end with 2 in verbs that start no process, as usual for commands",
    ),
    accept(
        Plimsoll,
        &["volume-prune-asks/5", "volume-prune-filter/3", "volume-prune-filter/4"],
        "docker's rule since 23: a volume that was given a name goes with --all only",
    ),
    accept(Plimsoll, &["inspect-config/6"], "a signal is told by its whole name however it was given"),
    accept(
        Plimsoll,
        &["ipc-none/1"],
        "refused: a container always has /dev/shm, and private keeps it to itself",
    ),
    accept(
        Plimsoll,
        &["ipc-private/2"],
        "who may start containers may enter all of them: private is what is made, not what others are denied",
    ),
    on(
        Machine::SingleId,
        Plimsoll,
        &["exec-user/3", "exec-user/4"],
        "refused with the reason: a container that was started as a user other than root has that one id only",
    ),
    on(
        Machine::SingleId,
        Plimsoll,
        &["cap-drop/2", "tmpfs-owner/1", "user-has-no-rights/1"],
        "with one id every owner is the caller: nothing can be given to another, and who is not root owns all of it",
    ),
];
