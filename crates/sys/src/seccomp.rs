//! Load a system call filter, and answer the calls it hands over.

mod notify;

use std::io;
use std::os::fd::{FromRawFd as _, OwnedFd, RawFd};

pub use notify::{Answer, Listener, Notification};

/// One instruction of classic BPF (`struct sock_filter`).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instruction {
    /// Operation.
    pub code: u16,
    /// Instructions to skip when a comparison is true.
    pub jt: u8,
    /// Instructions to skip when it is false.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

/// `struct sock_fprog`.
#[repr(C)]
struct FilterProgram {
    length: u16,
    filter: *const Instruction,
}

const SECCOMP_SET_MODE_FILTER: libc::c_long = 1;
/// Do not switch speculative store bypass off with the filter: kernels before 5.16 do so unless told,
/// at a great cost. runc sets it, too.
const SECCOMP_FILTER_FLAG_SPEC_ALLOW: libc::c_long = 1 << 2;

/// The calls for which the filter says so wait for an answer through the descriptor that is returned.
const SECCOMP_FILTER_FLAG_NEW_LISTENER: libc::c_long = 1 << 3;
/// Only a deadly signal interrupts a call once its notification was received (Linux 5.19). Without it any
/// signal does, and the call is made, and carried out by us, a second time.
const SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: libc::c_long = 1 << 5;

/// Filter the system calls of this thread from now on. Allocates nothing.
pub(crate) fn load(filter: &[Instruction]) -> io::Result<()> {
    set_mode_filter(filter, SECCOMP_FILTER_FLAG_SPEC_ALLOW).map(drop)
}

/// Filter the system calls of this thread from now on; who holds the descriptor answers those that the
/// filter hands over. Allocates nothing.
pub(crate) fn load_with_listener(filter: &[Instruction]) -> io::Result<OwnedFd> {
    let flags = SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_NEW_LISTENER;
    let fd = match set_mode_filter(filter, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set_mode_filter(filter, flags)?,
        result => result?,
    };
    // SAFETY: with NEW_LISTENER the kernel returns a new descriptor (closed at exec) that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

fn set_mode_filter(filter: &[Instruction], flags: libc::c_long) -> io::Result<libc::c_long> {
    let length = u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = FilterProgram { length, filter: filter.as_ptr() };
    // SAFETY: the program points to `length` instructions that live through the call; the kernel
    // copies and checks them.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    if result >= 0 { Ok(result) } else { Err(io::Error::last_os_error()) }
}
