//! Look at a process from outside: is it confined as promised?
//!
//! No step of the launch is trusted to have worked because it returned no error. What it may do and who it
//! is are looked at while it waits, with the program's first instruction still to come; whose namespaces it
//! is in once the program runs, because the kernel shows them of a process that has changed its ids only
//! from then on.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use plimsoll_model::launch::Share;
use plimsoll_sys::process::{pid_of, send_signal};
use rustix::io::Errno;

use crate::observe::IdView;
use crate::plan::{Namespace, Promise, SandboxPlan, capability_names};
use crate::process_id::{once_visible, read_at_once};

/// Compare what the process may do and who it is with what the plan promised; the error names the
/// difference. A process that was killed meanwhile is no longer looked at. In a `nested` user namespace
/// ids are others than ours.
pub(super) fn rights(plan: &SandboxPlan, pid: u32, nested: bool) -> Result<(), String> {
    let path = format!("/proc/{pid}/status");
    let Some(status) = read_at_once(&path) else {
        return Err(format!("{path} cannot be read"));
    };
    match field(&status, "State:").and_then(|state| state.chars().next()) {
        Some('Z' | 'X') => return Ok(()),
        Some(_) => {}
        None => return Err(format!("{path} names no state")),
    }
    check_rights(&status, &plan.promise)?;
    let view = |map| if nested { IdView::nested(pid, map) } else { Some(IdView::Same) };
    let (Some(users), Some(groups)) = (view("uid_map"), view("gid_map")) else {
        return Err("its id maps cannot be read".to_string());
    };
    check_ids(&status, &plan.promise, &users, &groups)
}

/// Compare the namespaces of the process, whose program runs by now, with those it was to have.
pub(super) fn namespaces(
    plan: &SandboxPlan,
    pid: u32,
    others: &BTreeMap<String, Arc<OwnedFd>>,
) -> Result<(), String> {
    for (namespace, share) in &plan.namespaces {
        let word = namespace.word();
        let its = match once_visible(pid, || identity(pid, *namespace)) {
            Ok(its) => its,
            // It is ending: the kernel takes the namespaces away first. Nothing is left to confine.
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(format!("its namespace of {word} is unknown: {error}")),
        };
        let ours = own(*namespace).map_err(|error| format!("our namespace of {word} is unknown: {error}"))?;
        match share {
            Share::Own if its == ours => return Err(format!("it shares our namespace of {word}")),
            Share::Host if its != ours => return Err(format!("it does not share the host's {word}")),
            // Without a word from the other container there is nothing to compare with.
            Share::Container(id)
                if others.get(id).and_then(|other| of(other, *namespace)).is_some_and(|of| of != its) =>
            {
                return Err(format!("it does not share the {word} of container {id}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A namespace of the process behind a pidfd, if that is still there.
fn of(other: &OwnedFd, namespace: Namespace) -> Option<(u64, u64)> {
    let its = identity(pid_of(other.as_fd()).ok()?, namespace).ok()?;
    send_signal(other.as_fd(), 0).ok().map(|()| its)
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
    Ok(identity(pid, namespace)? != own(namespace)?)
}

/// What tells a process' namespace from others (ioctl_nsfs(2)).
fn identity(pid: u32, namespace: Namespace) -> io::Result<(u64, u64)> {
    identity_of(fs::metadata(format!("/proc/{pid}/ns/{}", namespace.link())))
}

fn own(namespace: Namespace) -> io::Result<(u64, u64)> {
    identity_of(fs::metadata(format!("/proc/self/ns/{}", namespace.link())))
}

fn identity_of(link: io::Result<fs::Metadata>) -> io::Result<(u64, u64)> {
    link.map(|link| (link.dev(), link.ino()))
}

/// A namespace link of a process that is alive can be refused, but it is always there.
fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

fn check_rights(status: &str, promise: &Promise) -> Result<(), String> {
    for (set, allowed) in [
        ("CapPrm", promise.held),
        ("CapEff", promise.held),
        ("CapBnd", promise.capabilities),
        // These two would hand rights on to programs that are executed (CVE-2022-29162).
        ("CapInh", 0),
        ("CapAmb", 0),
    ] {
        let bits = field(status, &format!("{set}:")).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        let surplus = bits.ok_or_else(|| format!("the kernel does not tell {set}"))? & !allowed;
        if surplus != 0 {
            return Err(format!("{set} also contains {}", capability_names(surplus)));
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

/// Real, effective, saved and file system id: all must be the promised one.
fn check_ids(status: &str, promise: &Promise, users: &IdView, groups: &IdView) -> Result<(), String> {
    for (line, view, promised, what) in
        [("Uid:", users, promise.uid, "user"), ("Gid:", groups, promise.gid, "group")]
    {
        let seen = numbers(status, line).ok_or_else(|| format!("the kernel does not tell its {what}"))?;
        let inside: Vec<u32> = seen.into_iter().map(|id| view.inside(id)).collect();
        if inside != [promised; 4] {
            return Err(format!("it is {what} {inside:?} and not {promised}"));
        }
    }
    let Some(promised) = &promise.groups else { return Ok(()) };
    let seen = numbers(status, "Groups:").ok_or("the kernel does not tell its groups")?;
    let mut inside: Vec<u32> = seen.into_iter().map(|id| groups.inside(id)).collect();
    let mut promised = promised.clone();
    inside.sort_unstable();
    promised.sort_unstable();
    if inside == promised { Ok(()) } else { Err(format!("its groups are {inside:?} and not {promised:?}")) }
}

fn numbers(status: &str, name: &str) -> Option<Vec<u32>> {
    field(status, name)?.split_ascii_whitespace().map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str = "Name:\tx\nState:\tS (sleeping)\nUid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\n\
        Groups:\t5 6 \nCapInh:\t0\nCapPrm:\t0000000000000003\nCapEff:\t0000000000000001\n\
        CapBnd:\t0000000000000003\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n";

    fn promise() -> Promise {
        let groups = Some(vec![6, 5]);
        Promise { capabilities: 3, held: 3, filtered: true, no_new_privileges: false, uid: 7, gid: 8, groups }
    }

    #[test]
    fn rights_may_be_less_but_not_more_than_promised() {
        assert_eq!(check_rights(STATUS, &promise()), Ok(()));
        assert_eq!(check_rights(STATUS, &Promise { capabilities: 7, ..promise() }), Ok(()));
        let less = check_rights(STATUS, &Promise { held: 1, ..promise() });
        assert_eq!(less, Err("CapPrm also contains DAC_OVERRIDE".to_string()));
        assert!(check_rights(STATUS, &Promise { no_new_privileges: true, ..promise() }).is_err());
        for (was, becomes) in [
            ("Seccomp:\t2", "Seccomp:\t0"),
            ("CapInh:\t0", "CapInh:\t1"),
            ("CapAmb:\t0000000000000000", "CapAmb:\t1"),
            ("CapEff:\t0000000000000001", "CapEff:\t4"),
            ("CapBnd:\t0000000000000003", "CapBnd:\t8000000000000003"),
            ("CapEff:", "CapNone:"),
        ] {
            assert!(check_rights(&STATUS.replace(was, becomes), &promise()).is_err(), "{becomes}");
        }
    }

    #[test]
    fn ids_must_be_the_promised_ones() {
        let check = |status: &str, promise: &Promise, users: &IdView| {
            check_ids(status, promise, users, &IdView::Same)
        };
        assert_eq!(check(STATUS, &promise(), &IdView::Same), Ok(()));
        assert_eq!(check(STATUS, &Promise { groups: None, ..promise() }, &IdView::Same), Ok(()));
        let saved = STATUS.replace("7\t7\t7\t7", "7\t7\t0\t7");
        assert!(check(&saved, &promise(), &IdView::Same).is_err(), "root could be taken back");
        for wrong in [
            Promise { uid: 0, ..promise() },
            Promise { gid: 7, ..promise() },
            Promise { groups: Some(Vec::new()), ..promise() },
        ] {
            assert!(check(STATUS, &wrong, &IdView::Same).is_err(), "{wrong:?}");
        }
        let nested = IdView::Mapped(vec![(33, 7, 1)]);
        assert_eq!(check(STATUS, &Promise { uid: 33, ..promise() }, &nested), Ok(()));
    }
}
