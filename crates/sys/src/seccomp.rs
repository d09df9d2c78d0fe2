//! Load a system call filter.

use std::io;

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

/// Filter the system calls of this thread from now on. Allocates nothing.
pub(crate) fn load(filter: &[Instruction]) -> io::Result<()> {
    let length = u16::try_from(filter.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = FilterProgram { length, filter: filter.as_ptr() };
    // SAFETY: the program points to `length` instructions that live through the call; the kernel
    // copies and checks them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            SECCOMP_SET_MODE_FILTER,
            SECCOMP_FILTER_FLAG_SPEC_ALLOW,
            &raw const program,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
