//! Look at a started process from outside: is it confined as promised?
//!
//! No step of the launch is trusted to have worked because it returned no error. It costs one read.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use rustix::io::Errno;

use crate::launch::Running;
use crate::plan::{Namespace, Promise, SandboxPlan};

/// Compare the process with what the plan promised; the error names the difference. A process that has
/// ended already is no longer looked at.
pub(super) fn verify(plan: &SandboxPlan, running: &Running) -> Result<(), String> {
    let path = format!("/proc/{}/status", running.pid);
    let Ok(status) = fs::read_to_string(&path) else {
        return Err(format!("{path} cannot be read"));
    };
    match field(&status, "State:").and_then(|state| state.chars().next()) {
        Some('Z' | 'X') => return Ok(()),
        Some(_) => {}
        None => return Err(format!("{path} names no state")),
    }
    check_promise(&status, &plan.promise)?;
    for &namespace in &plan.namespaces {
        match is_own(running.pid, namespace) {
            Ok(true) => {}
            Ok(false) => return Err(format!("it shares our namespace of {}", namespace.word())),
            // It is ending: the kernel takes the namespaces away first. Nothing is left to confine.
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(format!("its namespace of {} is unknown: {error}", namespace.word())),
        }
    }
    Ok(())
}

/// Which namespaces of a running process are not ours: those that must be joined.
pub(super) fn foreign_namespaces(pid: u32) -> Result<Vec<Namespace>, String> {
    let mut foreign = Vec::new();
    for namespace in Namespace::ALL {
        let own = is_own(pid, namespace)
            .map_err(|error| format!("process {pid} of the container cannot be looked at: {error}"))?;
        if own {
            foreign.push(namespace);
        }
    }
    Ok(foreign)
}

/// Whether a process has a namespace other than ours.
fn is_own(pid: u32, namespace: Namespace) -> io::Result<bool> {
    let theirs = fs::metadata(format!("/proc/{pid}/ns/{}", namespace.link()))?;
    let ours = fs::metadata(format!("/proc/self/ns/{}", namespace.link()))?;
    Ok((theirs.dev(), theirs.ino()) != (ours.dev(), ours.ino()))
}

/// A namespace link of a process that is alive can be refused, but it is always there.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// The process may already have given up more rights by itself, but never have gained any.
fn check_promise(status: &str, promise: &Promise) -> Result<(), String> {
    for set in ["CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        let bits = field(status, set).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let bits = bits.ok_or_else(|| format!("the kernel does not tell {set}"))?;
        let surplus = bits & !promise.capabilities;
        if surplus != 0 {
            let names = crate::plan::capability_names(surplus);
            return Err(format!("{} also contains {names}", set.trim_end_matches(':')));
        }
    }
    let filter = field(status, "Seccomp:");
    if promise.filtered && filter != Some("2") {
        return Err(format!("its system calls are not filtered (Seccomp: {})", filter.unwrap_or("unknown")));
    }
    if promise.no_new_privileges && field(status, "NoNewPrivs:") != Some("1") {
        return Err("no_new_privs is not set".to_string());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nState:\tS (sleeping)\nCapInh:\t0\nCapPrm:\t0000000000000003\n\
        CapEff:\t0000000000000001\nCapBnd:\t0000000000000003\nCapAmb:\t0000000000000000\n\
        NoNewPrivs:\t0\nSeccomp:\t2\n";

    #[test]
    fn rights_may_be_less_but_not_more_than_promised() {
        let promise = Promise { capabilities: 3, filtered: true, no_new_privileges: false };
        assert_eq!(check_promise(STATUS, &promise), Ok(()));
        assert_eq!(check_promise(STATUS, &Promise { capabilities: 7, ..promise }), Ok(()));
        let less = check_promise(STATUS, &Promise { capabilities: 1, ..promise });
        assert_eq!(less, Err("CapPrm also contains DAC_OVERRIDE".to_string()));
        assert!(check_promise(STATUS, &Promise { no_new_privileges: true, ..promise }).is_err());
        assert!(check_promise(&STATUS.replace("Seccomp:\t2", "Seccomp:\t0"), &promise).is_err());
    }
}
