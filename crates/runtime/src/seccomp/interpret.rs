//! The kernel's filter machine, as far as our compiler uses it: the oracle of the tests.

use plimsoll_sys::seccomp::Instruction;

use super::arch::Arch;
use super::compile::{
    AND, JUMP, JUMP_IF_ABOVE, JUMP_IF_ANY_BIT, JUMP_IF_AT_LEAST, JUMP_IF_EQUAL, LOAD_WORD, RETURN,
    RETURN_ALLOW, RETURN_ERRNO, RETURN_NOTIFY, compile,
};
use super::decision::{Answer, Decision, Field};
use super::handed_over;
use super::numbers::numbered;
use super::profile::{Situation, profile};

/// A system call as a filter sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub number: u32,
    pub arch: u32,
    pub arguments: [u64; 6],
}

impl Call {
    fn word(&self, offset: u32) -> u32 {
        match offset {
            0 => self.number,
            4 => self.arch,
            _ => {
                let at = (offset - 16) as usize;
                let argument = self.arguments[at / 8];
                if at.is_multiple_of(8) { argument as u32 } else { (argument >> 32) as u32 }
            }
        }
    }

    fn field(&self, field: Field) -> u32 {
        self.word(field.offset())
    }
}

/// Run a filter; the number of instructions carried out comes with what it returns.
pub(super) fn run(filter: &[Instruction], call: &Call) -> (u32, usize) {
    let (mut at, mut register) = (0, 0);
    for count in 1.. {
        let Instruction { code, jt, jf, k } = filter[at];
        at += 1;
        let condition = match code {
            LOAD_WORD => {
                register = call.word(k);
                continue;
            }
            AND => {
                register &= k;
                continue;
            }
            JUMP => {
                at += k as usize;
                continue;
            }
            JUMP_IF_EQUAL => register == k,
            JUMP_IF_ABOVE => register > k,
            JUMP_IF_AT_LEAST => register >= k,
            JUMP_IF_ANY_BIT => register & k != 0,
            RETURN => return (k, count),
            code => panic!("instruction {code:#x}"),
        };
        at += usize::from(if condition { jt } else { jf });
    }
    unreachable!("the loop is endless")
}

/// What a decision says, without any compiler.
fn judge(decision: &Decision, call: &Call) -> u32 {
    match decision {
        Decision::Answer(Answer::Allow) => RETURN_ALLOW,
        Decision::Answer(Answer::Notify) => RETURN_NOTIFY,
        Decision::Answer(Answer::Errno(errno)) => RETURN_ERRNO | u32::from(*errno),
        Decision::Switch { field, ranges } => {
            let value = call.field(*field);
            let range = ranges.iter().rfind(|range| range.first <= value);
            judge(&range.expect("ranges begin at 0").then, call)
        }
        Decision::AnyBit { field, mask, set, clear } => {
            judge(if call.field(*field) & mask != 0 { set } else { clear }, call)
        }
        other => panic!("{other:?} is in no profile of ours"),
    }
}

pub(super) const DEFAULT: Situation<'_> =
    Situation { capabilities: &plimsoll_model::launch::DEFAULT_CAPABILITIES, guard_terminal: false };

fn call(arch: Arch, name: &str, arguments: [u64; 6]) -> Call {
    let number = numbered(arch.calls()).find(|(_, known)| *known == name);
    Call { number: number.expect(name).0, arch: arch.audit_number(), arguments }
}

fn verdict(arch: Arch, situation: Situation<'_>, name: &str, arguments: &[u64]) -> Result<(), u32> {
    let mut all = [0; 6];
    all[..arguments.len()].copy_from_slice(arguments);
    let filter = compile(&profile(&[arch], situation));
    match run(&filter, &call(arch, name, all)).0 {
        RETURN_ALLOW => Ok(()),
        refused => Err(refused & 0xffff),
    }
}

pub(super) const ARCHS: [Arch; 3] = [Arch::X86_64, Arch::I386, Arch::Aarch64];

#[test]
fn the_compiled_filter_says_what_the_decision_says_for_every_call() {
    let everything: Vec<&str> = plimsoll_model::launch::ALL_CAPABILITIES.to_vec();
    let situations = [
        DEFAULT,
        Situation { capabilities: &[], guard_terminal: true },
        Situation { capabilities: &everything, guard_terminal: false },
    ];
    let arguments = [0, 1, 8, 9, 16, 17, 38, 40, 45, 46, 0x5412, 0x541c, 0x2_0000, 0x1000_0000, u64::MAX];
    for situation in situations {
        for archs in [&[Arch::I386, Arch::X86_64][..], &[Arch::Aarch64]] {
            let decision = profile(archs, situation);
            let filter = compile(&decision);
            for arch in ARCHS.map(Arch::audit_number).into_iter().chain([0, u32::MAX]) {
                for number in (0..600).chain([0x4000_0000, 0x4000_0001, u32::MAX]) {
                    for argument in arguments {
                        let call = Call { number, arch, arguments: [argument; 6] };
                        assert_eq!(run(&filter, &call).0, judge(&decision, &call), "{call:x?}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_filter_is_short_and_a_call_is_judged_quickly() {
    let filter = compile(&profile(&[Arch::I386, Arch::X86_64], DEFAULT));
    assert!(filter.len() <= 500, "{} instructions", filter.len());
    let longest = (0..500)
        .map(|number| Call { number, arch: Arch::X86_64.audit_number(), arguments: [0; 6] })
        .map(|call| run(&filter, &call).1)
        .max();
    assert!(longest <= Some(20), "{longest:?} instructions for one call");
}

#[test]
fn what_docker_allows_and_refuses() {
    for arch in ARCHS {
        for name in ["read", "execve", "ptrace", "process_vm_readv", "mseal", "splice", "seccomp"] {
            assert_eq!(verdict(arch, DEFAULT, name, &[]), Ok(()), "{name}");
        }
        for name in ["mount", "unshare", "setns", "keyctl", "bpf", "kexec_load", "fsopen", "pidfd_getfd"] {
            assert_eq!(verdict(arch, DEFAULT, name, &[]), Err(1), "{name}");
        }
        for name in ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"] {
            assert_eq!(verdict(arch, DEFAULT, name, &[]), Err(38), "{name}");
        }
        assert_eq!(verdict(arch, DEFAULT, "chroot", &[]), Ok(()), "SYS_CHROOT is a default capability");
        let admin = Situation { capabilities: &["SYS_ADMIN"], guard_terminal: false };
        for name in ["mount", "unshare", "setns", "clone3"] {
            assert_eq!(verdict(arch, admin, name, &[]), Ok(()), "{name}");
        }
        assert_eq!(verdict(arch, admin, "chroot", &[]), Err(1));
    }
}

#[test]
fn arguments() {
    for arch in ARCHS {
        let socket = |family, protocol| verdict(arch, DEFAULT, "socket", &[family, 1, protocol]);
        for family in [1, 2, 10, 16, 45] {
            assert_eq!(socket(family, 0), Ok(()), "{family}");
        }
        for family in [12, 17, 38, 40, 46, 47, 1000] {
            assert_eq!(socket(family, 0), Err(1), "{family}");
        }
        assert_eq!(socket(16, 9), Err(22), "the audit socket");
        assert_eq!(socket(16, 15), Ok(()));
        // The kernel ignores the upper half, so hiding a family in it must not help.
        assert_eq!(socket(40 | 1 << 32, 0), Err(1));
        let clone = |flags| verdict(arch, DEFAULT, "clone", &[flags]);
        assert_eq!(clone(0x11), Ok(()));
        assert_eq!(clone(0x1000_0011), Err(1), "CLONE_NEWUSER");
        assert_eq!(clone(0x0002_0000), Err(1), "CLONE_NEWNS");
        let personality = |value| verdict(arch, DEFAULT, "personality", &[value]);
        for value in [0, 8, 0x20000, 0x20008, 0xffff_ffff] {
            assert_eq!(personality(value), Ok(()), "{value:#x}");
        }
        for value in [1, 7, 9, 0x0040_0000, 0xffff_fffe] {
            assert_eq!(personality(value), Err(1), "{value:#x}");
        }
        let guarded = Situation { guard_terminal: true, ..DEFAULT };
        assert_eq!(verdict(arch, guarded, "ioctl", &[0, 0x5412]), Err(1));
        assert_eq!(verdict(arch, guarded, "ioctl", &[0, 0x5413]), Ok(()));
        assert_eq!(verdict(arch, DEFAULT, "ioctl", &[0, 0x5412]), Ok(()));
    }
    assert_eq!(verdict(Arch::I386, DEFAULT, "socketcall", &[]), Err(38));
}

#[test]
fn calls_about_ids_are_handed_over_on_the_machines_own_architecture() {
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let decision = handed_over::decision(arch);
        let filter = compile(&decision);
        let verdict = |call: &Call| run(&filter, call).0;
        for name in ["fchown", "fchownat", "fstat", "statx", "mkdirat", "mknodat", "setresuid", "getgroups"] {
            assert_eq!(verdict(&call(arch, name, [0; 6])), RETURN_NOTIFY, "{name}");
        }
        for name in ["read", "write", "unlinkat", "fchmod", "clone", "setxattr", "seccomp"] {
            assert_eq!(verdict(&call(arch, name, [0; 6])), RETURN_ALLOW, "{name}");
        }
        let opened = |flags| verdict(&call(arch, "openat", [0, 0, flags, 0, 0, 0]));
        assert_eq!((opened(0o1), opened(0o101)), (RETURN_ALLOW, RETURN_NOTIFY), "only what may create");
        assert_eq!(verdict(&call(arch, "prctl", [8, 1, 0, 0, 0, 0])), RETURN_NOTIFY, "PR_SET_KEEPCAPS");
        assert_eq!(verdict(&call(arch, "prctl", [15, 1, 0, 0, 0, 0])), RETURN_ALLOW);
        assert_eq!(verdict(&call(Arch::I386, "chown", [0; 6])), RETURN_ALLOW, "left to the kernel");
        for number in 0..600 {
            let call = Call { number, arch: arch.audit_number(), arguments: [0o100; 6] };
            assert_eq!(verdict(&call), judge(&decision, &call), "{number}");
        }
    }
}
