//! A profile made of the calls that a program was seen to use.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::arch::Arch;

/// Calls that the same program may come to elsewhere without having been changed, and those that other
/// runtimes make between the filter and the program.
const ELSEWHERE: [(&str, &[&str]); 3] = [
    (
        "the clock is read without a call only where the processor's own counter can be trusted (vdso(7))",
        &["clock_getres", "clock_gettime", "getcpu", "gettimeofday", "time"],
    ),
    (
        "how every program ends, and how the kernel goes on after a signal",
        &["exit", "exit_group", "restart_syscall", "rt_sigreturn"],
    ),
    (
        "how runc starts it with no-new-privileges (libcontainer, standard_init_linux.go, and Go's runtime)",
        &[
            "close",
            "epoll_ctl",
            "epoll_pwait",
            "execve",
            "fcntl",
            "fstat",
            "fstatfs",
            "futex",
            "getdents64",
            "getpid",
            "getppid",
            "madvise",
            "mmap",
            "nanosleep",
            "newfstatat",
            "openat",
            "prctl",
            "read",
            "sched_yield",
            "tgkill",
            "write",
        ],
    ),
];

/// A profile in docker's JSON form (moby, profiles/seccomp) that lets these calls pass and refuses all
/// others with EPERM. `launch` are the calls of the launch itself, which come after the filter; `foreign`:
/// programs of the machine's other architecture were among them.
pub fn recorded_profile(calls: &BTreeSet<&str>, launch: &BTreeSet<&str>, foreign: bool) -> Value {
    let launch: Vec<&str> = launch.iter().copied().collect();
    let groups = [("how plimsoll starts it under this profile", launch.as_slice())];
    let groups = groups.into_iter().chain(ELSEWHERE);
    let mut said = calls.clone();
    let mut rules = vec![json!({ "names": calls, "action": "SCMP_ACT_ALLOW", "comment": "seen" })];
    for (why, names) in groups {
        let names: Vec<&str> = names.iter().copied().filter(|name| said.insert(name)).collect();
        if !names.is_empty() {
            rules.push(json!({ "names": names, "action": "SCMP_ACT_ALLOW", "comment": why }));
        }
    }
    let others: &[&str] = if foreign && Arch::native() == Arch::X86_64 { &["SCMP_ARCH_X86"] } else { &[] };
    json!({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 1,
        "archMap": [{ "architecture": Arch::native().libseccomp_name(), "subArchitectures": others }],
        "syscalls": rules,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Profile;
    use super::*;

    #[test]
    fn names_are_sorted_and_said_once() {
        let profile =
            recorded_profile(&["write", "read", "exit_group"].into(), &["prctl", "read"].into(), false);
        assert_eq!(profile["syscalls"][0]["names"], json!(["exit_group", "read", "write"]));
        assert_eq!(profile["syscalls"][1]["names"], json!(["prctl"]));
        assert_eq!(profile["syscalls"][3]["names"], json!(["exit", "restart_syscall", "rt_sigreturn"]));
        let read = Profile::parse(&profile.to_string()).unwrap();
        assert!(!read.filter(0, (6, 1)).unwrap().is_empty());
    }
}
