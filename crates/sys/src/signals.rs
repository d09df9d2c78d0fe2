//! The signal mask and dispositions of this process.

use std::io;
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

/// Give every signal its default disposition. Ignored ones would stay ignored through exec (a caller
/// under nohup, Rust's own SIGPIPE). Allocates nothing.
pub(crate) fn reset_dispositions() {
    // The kernel's `struct sigaction` of zeroes: SIG_DFL, no flags, empty mask.
    let default = [0u64; 4];
    for signal in 1..=64 {
        if signal == libc::SIGKILL || signal == libc::SIGSTOP {
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
