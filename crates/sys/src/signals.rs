//! The signal mask and dispositions of this process.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

/// Size of the kernel's signal set.
const SET_BYTES: usize = size_of::<u64>();

/// All signals of this thread are blocked while this value lives.
#[derive(Debug)]
pub(crate) struct BlockAll {
    before: u64,
}

impl BlockAll {
    /// Block. The raw call is used because glibc keeps its internal signals open.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(BlockAll { before: set_mask(u64::MAX)? })
    }

    /// The mask that was in force.
    pub(crate) fn before(&self) -> u64 {
        self.before
    }
}

impl Drop for BlockAll {
    fn drop(&mut self) {
        // A mask that was in force before is valid: the call cannot fail.
        let _ = set_mask(self.before);
    }
}

/// Block all signals of this thread for good, so that [`wait`] can take them.
pub fn block_all() -> io::Result<()> {
    set_mask(u64::MAX).map(drop)
}

/// Blocked signals as something that can be read and polled.
#[derive(Debug)]
pub struct SignalQueue {
    queue: OwnedFd,
}

impl SignalQueue {
    /// Block all signals of this thread for good and queue them.
    pub fn of_all() -> io::Result<Self> {
        SignalQueue::of_set(u64::MAX)
    }

    /// The same with this signal alone.
    pub fn of_one(signal: i32) -> io::Result<Self> {
        let bit = u32::try_from(signal - 1).ok().and_then(|number| 1u64.checked_shl(number));
        SignalQueue::of_set(bit.ok_or(io::ErrorKind::InvalidInput)?)
    }

    fn of_set(set: u64) -> io::Result<Self> {
        set_mask(set)?;
        // SAFETY: the set is 8 bytes, as the size argument says, and lives through the call.
        let queue = unsafe {
            libc::syscall(
                libc::SYS_signalfd4,
                -1,
                ptr::from_ref(&set),
                SET_BYTES,
                libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
            )
        };
        if queue < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just made this descriptor, and nobody else knows it.
        Ok(SignalQueue { queue: unsafe { OwnedFd::from_raw_fd(queue as RawFd) } })
    }

    /// The next signal, if one has come.
    pub fn next(&self) -> io::Result<Option<i32>> {
        // `struct signalfd_siginfo` is 128 bytes, the number of the signal its first four (signalfd(2)).
        let mut record = [0; 128];
        match rustix::io::read(&self.queue, &mut record) {
            Ok(_) => Ok(Some(i32::from_ne_bytes([record[0], record[1], record[2], record[3]]))),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for SignalQueue {
    /// Readable when a signal has come.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.queue.as_fd()
    }
}

/// Wait for a blocked signal and take it.
pub fn wait() -> io::Result<i32> {
    let all = u64::MAX;
    loop {
        // SAFETY: the set is 8 bytes, as the size argument says; no siginfo and no time limit are passed.
        let signal = unsafe {
            libc::syscall(
                libc::SYS_rt_sigtimedwait,
                ptr::from_ref(&all),
                ptr::null::<libc::siginfo_t>(),
                ptr::null::<libc::timespec>(),
                SET_BYTES,
            )
        };
        if signal > 0 {
            return Ok(signal as i32);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// The signals, as bits from 0 for signal 1, that the first thread of a process waits for with
/// `sigwait` and its like just now. While it waits they are not in its mask: the kernel keeps them apart
/// (`real_blocked`), and /proc/PID/status shows nothing of them. Empty where we may not look.
pub fn awaited_by(pid: u32) -> u64 {
    let awaited = || {
        let call = std::fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
        let mut words = call.split_ascii_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        if number != libc::SYS_rt_sigtimedwait {
            return None;
        }
        let set = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
        let mut bytes = [0; SET_BYTES];
        let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
        std::os::unix::fs::FileExt::read_exact_at(&memory, &mut bytes, set).ok()?;
        Some(u64::from_ne_bytes(bytes))
    };
    awaited().unwrap_or(0)
}

/// Replace the thread's mask; the old one is returned. Allocates nothing.
pub(crate) fn set_mask(mask: u64) -> io::Result<u64> {
    let mut before: u64 = 0;
    // SAFETY: both sets are 8 bytes, as the size argument says, and live through the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            ptr::from_ref(&mask),
            ptr::from_mut(&mut before),
            SET_BYTES,
        )
    };
    if result == 0 { Ok(before) } else { Err(io::Error::last_os_error()) }
}

/// Let ended children wait for us. A caller that ignores SIGCHLD hands that on, and the kernel would throw
/// their exit codes away (wait(2)).
pub fn keep_exit_codes() {
    // SAFETY: the default disposition runs no code of ours.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// The signals this process ignores, as bits from 0 for signal 1. If the kernel does not tell: all.
pub(crate) fn ignored() -> u64 {
    let mut text = [0; 4096];
    let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
    let length = rustix::fs::open("/proc/thread-self/status", flags, rustix::fs::Mode::empty())
        .and_then(|file| rustix::io::read(&file, &mut text))
        .unwrap_or(0);
    let status = String::from_utf8_lossy(&text[..length]);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(u64::MAX)
}

/// Give these signals (bits from 0 for signal 1) their default disposition. Ignored ones would stay
/// ignored through exec (a caller under nohup, Rust's own SIGPIPE); handlers do not survive it anyway.
/// Allocates nothing.
pub(crate) fn reset_dispositions(signals: u64) {
    // The kernel's `struct sigaction` of zeroes: SIG_DFL, no flags, empty mask.
    let default = [0u64; 4];
    for signal in 1..=64 {
        let wanted = signals & (1 << (signal - 1)) != 0;
        if !wanted || signal == libc::SIGKILL || signal == libc::SIGSTOP {
            continue;
        }
        // SAFETY: the kernel's structure is at most 32 bytes on our architectures, all zero here; a
        // default disposition runs no code of ours. The raw call is used because glibc refuses
        // its two internal signals.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), ptr::null::<u64>(), SET_BYTES);
        }
    }
}
