//! Filters that show calls to somebody who looks on: they decide what the default profile decides, and
//! nothing is carried out in the caller's place.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_sys::child::DESCRIPTOR_FLAGS;
use plimsoll_sys::seccomp::Instruction;

use super::arch::Arch;
use super::capability_names;
use super::compile::compile;
use super::decision::{Answer, Decision, Field, Range};
use super::numbers::numbered;
use super::profile::{Situation, merged, profile, switch};

/// Which calls are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Those that a restriction can refuse: they name a path, an owner, an id or an address, or the profile
    /// does not let them pass.
    Refusable,
    /// All that the profile lets pass.
    All,
}

/// Calls of [`Watched::Refusable`] by name. An architecture without a name has another call for it.
const REFUSABLE: [&str; 49] = [
    "access",
    "faccessat",
    "faccessat2",
    "bind",
    "capset",
    "chmod",
    "chown",
    "chroot",
    "connect",
    "creat",
    "execve",
    "execveat",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "kill",
    "lchown",
    "link",
    "linkat",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "open",
    "openat",
    "openat2",
    "prctl",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "sendto",
    "setfsgid",
    "setfsuid",
    "setgid",
    "setgroups",
    "setregid",
    "setresgid",
    "setresuid",
    "setreuid",
    "setuid",
    "symlink",
    "symlinkat",
    "truncate",
    "unlink",
    "unlinkat",
    "utimensat",
];

/// `EPERM`: what the default profile answers to what it refuses. Its `ENOSYS` is for calls that programs do
/// without when a kernel lacks them.
const REFUSED: Answer = Answer::Errno(1);

/// docker's default profile, as far as somebody who looks on must know it.
#[derive(Debug)]
pub(crate) struct KnownProfile {
    decision: Decision,
    names: BTreeMap<(u32, u32), &'static str>,
}

impl KnownProfile {
    pub(crate) fn new(capabilities: u64, guard_terminal: bool) -> Self {
        let situation = Situation { capabilities: &capability_names(capabilities), guard_terminal };
        let calls = |arch: &Arch| {
            let arch = *arch;
            numbered(arch.calls()).map(move |(number, name)| ((arch.audit_number(), number), name))
        };
        KnownProfile {
            decision: profile(Arch::of_machine(), situation),
            names: Arch::of_machine().iter().flat_map(calls).collect(),
        }
    }

    /// The call of a number of an architecture (`AUDIT_ARCH_*`).
    pub(crate) fn name(&self, architecture: u32, number: u32) -> Option<&'static str> {
        self.names.get(&(architecture, number)).copied()
    }

    /// The error a call gets, if the profile does not let it pass.
    pub(crate) fn refuses(&self, architecture: u32, number: u32, arguments: &[u64; 6]) -> Option<u16> {
        let field = |field| match field {
            Field::Architecture => architecture,
            Field::Number => number,
            Field::Argument(at) => arguments[usize::from(at)] as u32,
            Field::UpperArgument(at) => (arguments[usize::from(at)] >> 32) as u32,
        };
        match self.decision.answer(&field) {
            Answer::Errno(errno) => Some(errno),
            _ => None,
        }
    }
}

/// The machine's own architecture, by its number.
pub(crate) fn native_architecture() -> u32 {
    Arch::native().audit_number()
}

/// The default profile for a process with these capabilities (bits) in its bounding set, with the watched
/// calls handed over.
pub(crate) fn watched_filter(capabilities: u64, guard_terminal: bool, watched: Watched) -> Vec<Instruction> {
    let situation = Situation { capabilities: &capability_names(capabilities), guard_terminal };
    compile(&watched_decision(Arch::of_machine(), situation, watched))
}

pub(super) fn watched_decision(archs: &[Arch], situation: Situation<'_>, watched: Watched) -> Decision {
    let Decision::Switch { field, mut ranges } = profile(archs, situation) else {
        unreachable!("the profile begins with the architecture")
    };
    for arch in archs {
        for range in ranges.iter_mut().filter(|range| range.first == arch.audit_number()) {
            range.then = match watched {
                Watched::All => each_call(*arch, &range.then, &["sendmsg"], &shown),
                // Programs of another architecture are few, and their arguments differ.
                Watched::Refusable if *arch == Arch::native() => {
                    each_call(*arch, &range.then, &REFUSABLE, &refusable)
                }
                Watched::Refusable => range.then.clone(),
            };
        }
    }
    Decision::Switch { field, ranges }
}

/// Change what is decided: `change` is told the name of a call that is among `named`, and `None` for others.
fn each_call(
    arch: Arch,
    calls: &Decision,
    named: &[&str],
    change: &dyn Fn(Option<&str>, &Decision) -> Decision,
) -> Decision {
    let Decision::Switch { field: Field::Number, ranges } = calls else { return calls.clone() };
    let numbers: BTreeMap<u32, &str> =
        numbered(arch.calls()).filter(|(_, name)| named.contains(name)).collect();
    let firsts: BTreeSet<u32> = ranges
        .iter()
        .map(|range| range.first)
        .chain(numbers.keys().flat_map(|number| [*number, number + 1]))
        .collect();
    let changed = firsts.into_iter().map(|first| {
        let known =
            ranges.iter().rfind(|range| range.first <= first).map_or(Decision::ALLOW, |r| r.then.clone());
        Range { first, then: change(numbers.get(&first).copied(), &known) }
    });
    Decision::Switch { field: Field::Number, ranges: merged(changed.collect()) }
}

fn refusable(name: Option<&str>, decision: &Decision) -> Decision {
    let shown = match name {
        None => Decision::ALLOW,
        // PR_CAPBSET_DROP (linux/prctl.h) takes SETPCAP; the others are daily bread.
        Some("prctl") => switch(Field::Argument(0), &[(24, Decision::NOTIFY)], Decision::ALLOW),
        // Whether it may be written (W_OK).
        Some("access") => with_bit(1, 2),
        Some("faccessat" | "faccessat2") => with_bit(2, 2),
        // Only what names its receiver.
        Some("sendto") => with_bit(4, u32::MAX),
        Some(_) => Decision::NOTIFY,
    };
    leaves(decision, &|answer| match answer {
        Answer::Allow => shown.clone(),
        REFUSED => Decision::NOTIFY,
        other => Decision::Answer(other),
    })
}

/// Shown if one of these bits of an argument is set.
fn with_bit(argument: u8, mask: u32) -> Decision {
    let (set, clear) = (Box::new(Decision::NOTIFY), Box::new(Decision::ALLOW));
    Decision::AnyBit { field: Field::Argument(argument), mask, set, clear }
}

/// The message with which the listener itself is handed to the parent cannot wait for the parent.
fn shown(name: Option<&str>, decision: &Decision) -> Decision {
    let shown = match name {
        Some(_) => switch(Field::Argument(2), &[(DESCRIPTOR_FLAGS, Decision::ALLOW)], Decision::NOTIFY),
        None => Decision::NOTIFY,
    };
    leaves(decision, &|answer| match answer {
        Answer::Allow => shown.clone(),
        other => Decision::Answer(other),
    })
}

fn leaves(decision: &Decision, change: &dyn Fn(Answer) -> Decision) -> Decision {
    match decision {
        Decision::Answer(answer) => change(*answer),
        Decision::Switch { field, ranges } => Decision::Switch {
            field: *field,
            ranges: ranges
                .iter()
                .map(|range| Range { first: range.first, then: leaves(&range.then, change) })
                .collect(),
        },
        Decision::AnyBit { field, mask, set, clear } => Decision::AnyBit {
            field: *field,
            mask: *mask,
            set: Box::new(leaves(set, change)),
            clear: Box::new(leaves(clear, change)),
        },
        rules @ Decision::FirstRule { .. } => rules.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::interpret::{ARCHS, Call, DEFAULT, run};
    use super::*;
    use crate::seccomp::compile::{RETURN_ALLOW, RETURN_NOTIFY};

    /// What is shown is let pass or refused by who looks on, exactly as the profile says.
    #[test]
    fn nothing_is_let_pass_that_the_profile_refuses() {
        for arch in ARCHS {
            let plain = compile(&profile(&[arch], DEFAULT));
            for watched in [Watched::Refusable, Watched::All] {
                let filter = compile(&watched_decision(&[arch], DEFAULT, watched));
                for number in (0..600).chain([0x4000_0001, u32::MAX]) {
                    for argument in [0, 1, 8, 24, 40, 0x1000_0000, u64::from(DESCRIPTOR_FLAGS), u64::MAX] {
                        let call = Call { number, arch: arch.audit_number(), arguments: [argument; 6] };
                        let (before, after) = (run(&plain, &call).0, run(&filter, &call).0);
                        assert!(after == before || after == RETURN_NOTIFY, "{call:x?}: {before:x} {after:x}");
                        assert!(watched == Watched::Refusable || before == RETURN_ALLOW || after == before);
                    }
                }
            }
        }
    }

    #[test]
    fn calls_are_known_by_name_and_by_what_the_profile_says() {
        let known = KnownProfile::new(0, false);
        let native = native_architecture();
        let number =
            |wanted: &str| (0..600).find(|number| known.name(native, *number) == Some(wanted)).unwrap();
        assert_eq!(known.refuses(native, number("openat"), &[0; 6]), None);
        assert_eq!(known.refuses(native, number("mount"), &[0; 6]), Some(1));
        assert_eq!(known.refuses(native, number("chroot"), &[0; 6]), Some(1), "without SYS_CHROOT");
        assert_eq!(KnownProfile::new(1 << 18, false).refuses(native, number("chroot"), &[0; 6]), None);
    }
}
