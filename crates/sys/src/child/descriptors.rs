//! Descriptors of the child, and the results of raw system calls.

use std::os::fd::RawFd;

use rustix::io::Errno;

use super::execute::Done;

pub(super) fn last_errno() -> Errno {
    errno_of(std::io::Error::last_os_error())
}

pub(super) fn errno_of(error: std::io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::INVAL)
}

/// The result of a raw system call.
pub(super) fn check(result: libc::c_long) -> Done {
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

pub(super) fn duplicate_above(fd: RawFd, lowest: RawFd) -> Result<RawFd, Errno> {
    // SAFETY: makes a new descriptor; nothing that is owned changes.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, lowest) };
    if copy < 0 { Err(last_errno()) } else { Ok(copy) }
}

pub(super) fn duplicate_to(fd: RawFd, number: RawFd, flags: libc::c_int) -> Done {
    // SAFETY: replaces a descriptor of this process, whose number no owned value of the child has: 0
    // to 2 are never owned here, and INHERITED_CHANNEL is only replaced right before exec.
    check(unsafe { libc::syscall(libc::SYS_dup3, fd, number, flags) })
}

pub(super) fn close_range(first: u32, last: u32, flags: libc::c_uint) -> Done {
    // SAFETY: with CLOSE_RANGE_CLOEXEC nothing is closed; without it, only right before exec, after
    // which no descriptor of the program is used any more.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) })
}

/// Close everything above the standard descriptors but one.
pub(super) fn close_all_but(fd: RawFd) -> Done {
    let fd = fd as u32;
    if fd > 3 {
        close_range(3, fd - 1, 0)?;
    }
    close_range(fd + 1, u32::MAX, 0)
}

/// Put descriptors 0 to 2 in place and mark all others to be closed at exec (CVE-2024-21626).
pub(super) fn prepare_descriptors(stdio: Option<[RawFd; 3]>, channel: &mut RawFd) -> Done {
    if let Some(stdio) = stdio {
        let mut copies = [-1; 3];
        for (copy, fd) in copies.iter_mut().zip(stdio) {
            *copy = duplicate_above(fd, 3)?;
        }
        if *channel < 3 {
            *channel = duplicate_above(*channel, 3)?;
        }
        for (number, copy) in (0..).zip(copies) {
            duplicate_to(copy, number, 0)?;
        }
    }
    close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}
