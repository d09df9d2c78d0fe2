//! Which calls are handed over when every id belongs to one owner on disk: those that change or tell
//! owners, ids or device nodes, and those after which a file has an owner that the kernel cannot give it.

use super::arch::Arch;
use super::decision::{Decision, Field, Range};
use super::numbers::numbered;
use super::profile::{merged, switch};

/// A call that is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedOver {
    Chown,
    Lchown,
    Fchown,
    Fchownat,
    Stat,
    Lstat,
    Fstat,
    Newfstatat,
    Statx,
    Open,
    Openat,
    Creat,
    Mkdir,
    Mkdirat,
    Symlink,
    Symlinkat,
    Mknod,
    Mknodat,
    Rename,
    Renameat,
    Renameat2,
    Link,
    Linkat,
    Getuid,
    Geteuid,
    Getgid,
    Getegid,
    Getresuid,
    Getresgid,
    Getgroups,
    Setuid,
    Setgid,
    Setreuid,
    Setregid,
    Setresuid,
    Setresgid,
    Setfsuid,
    Setfsgid,
    Setgroups,
    Prctl,
    Execve,
    Execveat,
}

/// Their names in the tables of numbers. An architecture without a name has another call for it.
const NAMES: [(&str, HandedOver); 42] = [
    ("chown", HandedOver::Chown),
    ("lchown", HandedOver::Lchown),
    ("fchown", HandedOver::Fchown),
    ("fchownat", HandedOver::Fchownat),
    ("stat", HandedOver::Stat),
    ("lstat", HandedOver::Lstat),
    ("fstat", HandedOver::Fstat),
    ("newfstatat", HandedOver::Newfstatat),
    ("statx", HandedOver::Statx),
    ("open", HandedOver::Open),
    ("openat", HandedOver::Openat),
    ("creat", HandedOver::Creat),
    ("mkdir", HandedOver::Mkdir),
    ("mkdirat", HandedOver::Mkdirat),
    ("symlink", HandedOver::Symlink),
    ("symlinkat", HandedOver::Symlinkat),
    ("mknod", HandedOver::Mknod),
    ("mknodat", HandedOver::Mknodat),
    ("rename", HandedOver::Rename),
    ("renameat", HandedOver::Renameat),
    ("renameat2", HandedOver::Renameat2),
    ("link", HandedOver::Link),
    ("linkat", HandedOver::Linkat),
    ("getuid", HandedOver::Getuid),
    ("geteuid", HandedOver::Geteuid),
    ("getgid", HandedOver::Getgid),
    ("getegid", HandedOver::Getegid),
    ("getresuid", HandedOver::Getresuid),
    ("getresgid", HandedOver::Getresgid),
    ("getgroups", HandedOver::Getgroups),
    ("setuid", HandedOver::Setuid),
    ("setgid", HandedOver::Setgid),
    ("setreuid", HandedOver::Setreuid),
    ("setregid", HandedOver::Setregid),
    ("setresuid", HandedOver::Setresuid),
    ("setresgid", HandedOver::Setresgid),
    ("setfsuid", HandedOver::Setfsuid),
    ("setfsgid", HandedOver::Setfsgid),
    ("setgroups", HandedOver::Setgroups),
    ("prctl", HandedOver::Prctl),
    ("execve", HandedOver::Execve),
    ("execveat", HandedOver::Execveat),
];

impl HandedOver {
    /// The calls of an architecture with their numbers, ascending.
    pub(crate) fn numbers(arch: Arch) -> Vec<(u32, HandedOver)> {
        let call = |name| NAMES.iter().find(|(known, _)| *known == name).map(|(_, call)| *call);
        numbered(arch.calls()).filter_map(|(number, name)| Some((number, call(name)?))).collect()
    }

    /// Opening concerns us only where it may create, and of prctl one operation.
    fn decision(self) -> Decision {
        let creating = |flags| {
            let (set, clear) = (Box::new(Decision::NOTIFY), Box::new(Decision::ALLOW));
            Decision::AnyBit { field: Field::Argument(flags), mask: CREATE, set, clear }
        };
        match self {
            HandedOver::Open => creating(1),
            HandedOver::Openat => creating(2),
            HandedOver::Prctl => {
                switch(Field::Argument(0), &[(KEEP_CAPABILITIES, Decision::NOTIFY)], Decision::ALLOW)
            }
            _ => Decision::NOTIFY,
        }
    }
}

/// `PR_SET_KEEPCAPS` (linux/prctl.h).
const KEEP_CAPABILITIES: u32 = 8;

/// `O_CREAT` (asm-generic/fcntl.h).
const CREATE: u32 = 0o100;

/// Programs of other architectures than ours are left to the kernel.
pub(super) fn decision(arch: Arch) -> Decision {
    let mut calls = vec![Range { first: 0, then: Decision::ALLOW }];
    for (number, call) in HandedOver::numbers(arch) {
        if calls.last().is_some_and(|last| last.first == number) {
            calls.pop();
        }
        calls.push(Range { first: number, then: call.decision() });
        calls.push(Range { first: number + 1, then: Decision::ALLOW });
    }
    let ours = Decision::Switch { field: Field::Number, ranges: merged(calls) };
    let number = arch.audit_number();
    let ranges = [(0, Decision::ALLOW), (number, ours), (number + 1, Decision::ALLOW)];
    let ranges = ranges.into_iter().map(|(first, then)| Range { first, then }).collect();
    Decision::Switch { field: Field::Architecture, ranges }
}
