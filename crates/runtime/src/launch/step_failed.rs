//! Why a step failed, in one sentence with cause and fix.

use plimsoll_model::launch::Share;
use rustix::io::Errno;

use super::diagnose::{BY_PROFILE, is_own_filter};
use super::prepare::own_oom_score;
use crate::plan::{Limit, Resource, SandboxPlan, Step, amount};
use crate::words::reason;

/// The reason of a failed step.
pub(super) fn reason_of(plan: &SandboxPlan, step: usize, errno: i32) -> String {
    let errno = Errno::from_raw_os_error(errno);
    if plan.steps.iter().take(step).any(is_own_filter) {
        return format!("{}; {BY_PROFILE}", reason(errno));
    }
    let known = plan.steps.get(step).and_then(|step| {
        of_namespaces(step, errno).or_else(|| of_files(step, errno)).or_else(|| of_rights(step, errno))
    });
    known.unwrap_or_else(|| reason(errno))
}

fn of_namespaces(step: &Step, errno: Errno) -> Option<String> {
    let why = match (step, errno) {
        (Step::JoinContainer { .. }, Errno::SRCH) | (Step::EnterProcesses, Errno::NOMEM) => {
            "its first process has ended"
        }
        (Step::JoinContainer { .. }, Errno::PERM) => {
            "its namespaces belong to a user namespace that this process has no rights over: who shares them \
             must be started by the same user, while that container runs"
        }
        (Step::JoinContainer { .. }, Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NODEV) => {
            "its own /proc or /dev/shm has been taken away or replaced"
        }
        (Step::JoinContainer { .. }, Errno::INVAL) => {
            "its processes are in a namespace that cannot be entered from this one"
        }
        (Step::JoinCgroup, Errno::INVAL) => {
            "a process of real-time priority is let into no group with a CPU controller; start it without \
             (`chrt -o 0`)"
        }
        _ => return None,
    };
    Some(why.to_string())
}

fn of_files(step: &Step, errno: Errno) -> Option<String> {
    let asked_for = matches!(
        step,
        Step::Mount { .. }
            | Step::ShowLayers { .. }
            | Step::Scratch { .. }
            | Step::ShowSecret { .. }
            | Step::Device(_)
            | Step::HostDevices { .. }
    );
    let of_kernel = matches!(
        step,
        Step::Proc { .. } | Step::HostProc | Step::Sys { .. } | Step::HostSys { .. } | Step::Dev { .. }
    );
    let why = match (step, errno) {
        (_, Errno::LOOP | Errno::NOTDIR) if of_kernel => {
            "the image has a link or file where this directory must be"
        }
        (Step::Proc { whose: Share::Own } | Step::Sys { .. }, Errno::PERM) => {
            "the kernel shows a user namespace a new one only where the old one is fully visible; \
             inside a container this needs `--security-opt systempaths=unconfined` or the like"
        }
        (_, Errno::XDEV) if asked_for => {
            "a link in the image leads this target into /proc, which must not be falsified"
        }
        (_, Errno::NOTDIR | Errno::INVAL) if asked_for => {
            "one of source and target is a directory and the other is a file"
        }
        (Step::Mount { .. } | Step::FindWorkdir { create: true, .. }, Errno::NOENT | Errno::EXIST) => {
            "a link on the way leads nowhere"
        }
        (Step::FindWorkdir { create: false, .. }, Errno::NOENT) => {
            "there is no such directory in the container"
        }
        (Step::FindWorkdir { .. }, Errno::NOTDIR) => {
            "it is a file, not a directory; WORKDIR and `-w` take a directory"
        }
        (Step::FindWorkdir { .. }, Errno::LOOP) => {
            "it is reached through a link of /proc, or through too many links"
        }
        (Step::Pivot, Errno::INVAL) => {
            "the machine's own root is an initramfs, which cannot be left; boot from a real file system"
        }
        (Step::Sysctl { .. }, Errno::NOENT) => "this kernel has no such setting for a container",
        (Step::Sysctl { .. }, Errno::ACCESS | Errno::PERM) => {
            "this kernel lets only root of the machine change it"
        }
        (Step::Sysctl { .. }, Errno::INVAL | Errno::RANGE) => "the kernel does not take this value",
        _ => return None,
    };
    Some(why.to_string())
}

fn of_rights(step: &Step, errno: Errno) -> Option<String> {
    Some(match (step, errno) {
        (Step::Ids { uid, gid, .. }, Errno::INVAL) => {
            format!("user {uid} or group {gid} is above the range of ids of this container")
        }
        (Step::JoinCgroup, Errno::INVAL) => {
            "a process of real-time priority is let into no group with a CPU controller; start it without \
             (`chrt -o 0`)"
                .to_string()
        }
        (Step::Limit(limit), Errno::PERM) => limit_refused(limit),
        (Step::OomScore { .. }, Errno::ACCESS | Errno::PERM) => format!(
            "plimsoll itself has {own}, and only root with the capability SYS_RESOURCE may go below what it \
             has; give {own} or more",
            own = own_oom_score()
        ),
        (Step::HandOverIdCalls | Step::WatchedFilter { .. }, Errno::INVAL | Errno::BUSY) => {
            "the kernel hands no calls over; that needs Linux 5.0, and no other listener around us"
                .to_string()
        }
        (Step::Filter { .. }, Errno::INVAL) => "the kernel has no seccomp filters".to_string(),
        _ => return None,
    })
}

/// The bound is our own hard limit, or for files what the kernel takes from anybody.
fn limit_refused(limit: &Limit) -> String {
    let ours = rustix::process::getrlimit(limit.resource).maximum;
    let asked = limit.hard.unwrap_or(u64::MAX);
    let most = most_files();
    if limit.resource == Resource::Nofile && most < asked {
        return format!("no process of this machine may have more than {most} files open (fs.nr_open)");
    }
    format!(
        "plimsoll itself may have {ours} at most, and only root with the capability SYS_RESOURCE may go above \
         its own hard limit; give {ours} or less, or raise that limit first (/etc/security/limits.conf, \
         LimitNOFILE= and the like)",
        ours = amount(ours)
    )
}

fn most_files() -> u64 {
    let text = std::fs::read_to_string("/proc/sys/fs/nr_open").unwrap_or_default();
    text.trim().parse().unwrap_or(u64::MAX)
}
