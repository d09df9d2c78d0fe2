//! What the child gives up: ids, capabilities, signals it should not survive.

use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::Errno;

use super::descriptors::check;
use super::execute::{Done, leave};

/// Pipes only: a file or terminal that the caller handed over keeps its owner.
pub(super) fn own_pipes(uid: u32) -> Done {
    const PIPEFS_MAGIC: i64 = 0x5049_5045;
    for number in 0..3 {
        // SAFETY: 0 to 2 are open (put in place at the start) and stay so through this call.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        if rustix::fs::fstatfs(fd).is_ok_and(|fs| fs.f_type == PIPEFS_MAGIC) {
            // Not fatal: without it only opening /dev/stdout again fails.
            let _ = rustix::fs::fchown(fd, Some(rustix::fs::Uid::from_raw(uid)), None);
        }
    }
    Ok(())
}

/// Capabilities end at the first number the kernel does not know; there are at most 64.
pub(super) fn bound_capabilities(keep: u64) -> Done {
    for number in 0..64u64 {
        if keep & (1 << number) != 0 {
            continue;
        }
        // SAFETY: takes numbers only.
        match check(libc::c_long::from(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, 0, 0, 0) })) {
            Err(Errno::INVAL) => break,
            result => result?,
        }
    }
    rustix::thread::clear_ambient_capability_set()
}

pub(super) fn capabilities(keep: u64) -> Done {
    let held = rustix::thread::capabilities(None)?;
    let wanted = held.permitted & rustix::thread::CapabilitySet::from_bits_retain(keep);
    let sets = rustix::thread::CapabilitySets {
        effective: wanted,
        permitted: wanted,
        // A non-empty inheritable set hands rights to programs with file capabilities
        // (CVE-2022-29162).
        inheritable: rustix::thread::CapabilitySet::empty(),
    };
    rustix::thread::set_capabilities(None, sets)
}

/// What comes after the change of ids still takes the rights of root: they are kept over it, to be given up
/// by [`capabilities`]. The wish to keep them ends at exec.
pub(super) fn set_ids(uid: u32, gid: u32, groups: Option<&[u32]>) -> Done {
    rustix::thread::set_keep_capabilities(true)?;
    if let Some(groups) = groups {
        // SAFETY: pointer and length describe a live slice of 32-bit ids.
        check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    }
    // The raw calls: glibc's would signal threads that this copy does not have.
    // SAFETY: takes numbers only.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    // SAFETY: as above.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    let kept = rustix::thread::capabilities(None)?;
    let sets = rustix::thread::CapabilitySets { effective: kept.permitted, ..kept };
    rustix::thread::set_capabilities(None, sets)
}

/// A parent that has found no tracer in `/proc/PID/status` does not wait for the process to stop.
pub(super) fn be_traced() {
    // SAFETY: takes no pointers.
    unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_TRACEME, 0, 0, 0) };
}

pub(super) fn die_with_parent(channel: RawFd) -> Done {
    // SAFETY: takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    check(libc::c_long::from(result))?;
    // The parent may have ended before: then its end of the channel is closed already.
    let mut poll = libc::pollfd { fd: channel, events: 0, revents: 0 };
    // SAFETY: one live entry.
    let ready = unsafe { libc::poll(&raw mut poll, 1, 0) };
    if ready == 1 && poll.revents & libc::POLLHUP != 0 {
        leave()
    }
    Ok(())
}

/// Signals are blocked here, so SIGTTOU does not stop the call. Without a terminal it fails, and nothing
/// is lost.
pub(super) fn foreground_group() -> Done {
    rustix::process::setpgid(None, None)?;
    // SAFETY: descriptor 0 is open or not; nothing is closed.
    let stdin = unsafe { BorrowedFd::borrow_raw(0) };
    let _ = rustix::termios::tcsetpgrp(stdin, rustix::process::getpgrp());
    Ok(())
}

/// An empty session keyring in place of the caller's, whose keys a container could read otherwise. It
/// cannot be had where the user's quota of keys is used up, or keyctl is filtered; then the calls that
/// read keys are filtered for the container, too.
pub(super) fn own_keyring() {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: a null name asks for an anonymous keyring; nothing else is passed.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) };
}
