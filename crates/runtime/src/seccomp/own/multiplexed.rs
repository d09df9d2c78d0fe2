//! The calls of 32-bit x86 that carry several others: their first argument says which one is meant.
//!
//! A rule for `socket` must hold for it by this way, too. The arguments of the carried call lie in memory,
//! where no filter sees them: what depends on them does not exist here, and programs make the direct call.

use super::super::arch::Arch;
use super::super::decision::{Answer, Decision, Field};
use super::super::profile::switch;
use super::calls::{Calls, Verdict};

const ENOSYS: u16 = 38;

/// linux/net.h, `SYS_*`.
const OF_SOCKETCALL: [(u32, &str); 20] = [
    (1, "socket"),
    (2, "bind"),
    (3, "connect"),
    (4, "listen"),
    (5, "accept"),
    (6, "getsockname"),
    (7, "getpeername"),
    (8, "socketpair"),
    (9, "send"),
    (10, "recv"),
    (11, "sendto"),
    (12, "recvfrom"),
    (13, "shutdown"),
    (14, "setsockopt"),
    (15, "getsockopt"),
    (16, "sendmsg"),
    (17, "recvmsg"),
    (18, "accept4"),
    (19, "recvmmsg"),
    (20, "sendmmsg"),
];

/// linux/ipc.h.
const OF_IPC: [(u32, &str); 12] = [
    (1, "semop"),
    (2, "semget"),
    (3, "semctl"),
    (4, "semtimedop"),
    (11, "msgsnd"),
    (12, "msgrcv"),
    (13, "msgget"),
    (14, "msgctl"),
    (21, "shmat"),
    (22, "shmdt"),
    (23, "shmget"),
    (24, "shmctl"),
];

/// Above the number of the carried call its version may stand.
const VERSION: u32 = 0xffff_0000;

/// Whether rules for this name mean something though the architecture has no number for it.
pub(super) fn is_one(arch: Arch, name: &str) -> bool {
    arch == Arch::I386 && OF_SOCKETCALL.iter().chain(&OF_IPC).any(|(_, carried)| *carried == name)
}

/// The decision for a call that carries others some of which have rules.
pub(super) fn decision(arch: Arch, name: &str, calls: &Calls<'_>) -> Option<Decision> {
    let carried = match name {
        "socketcall" if arch == Arch::I386 => &OF_SOCKETCALL[..],
        "ipc" if arch == Arch::I386 => &OF_IPC,
        _ => return None,
    };
    let with_rules: Vec<(u32, Decision)> = carried
        .iter()
        .filter_map(|(number, name)| Some((*number, Decision::Answer(blind(calls.verdict(name)?)))))
        .collect();
    if with_rules.is_empty() {
        return None;
    }
    let field = Field::Argument(0);
    let otherwise = Decision::AnyBit {
        field,
        mask: VERSION,
        set: Box::new(Decision::errno(ENOSYS)),
        clear: Box::new(switch(field, &with_rules, calls.default())),
    };
    Some(calls.decision_or(name, otherwise))
}

/// What can be said without seeing the arguments.
fn blind(verdict: &Verdict) -> Answer {
    match verdict {
        Verdict::Always(answer) => *answer,
        Verdict::Rules(_) => Answer::Errno(ENOSYS),
    }
}
