//! How a process ended, asked through its pidfd by somebody who is not its parent.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

/// `struct pidfd_info` of Linux 6.13, its first published size (`include/uapi/linux/pidfd.h`).
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    ids: [u32; 11],
    exit_code: i32,
}

/// `PIDFD_INFO_EXIT`: the wait status is wanted, and is there (Linux 6.15).
const EXIT: u64 = 1 << 3;

/// `_IOWR(0xff, 11, struct pidfd_info)` for 64 bytes.
const PIDFD_GET_INFO: libc::Ioctl = 0xc040_ff0b_u32 as libc::Ioctl;

/// The wait status of a process that has ended and was reaped; `None` while it has not, or on a
/// kernel that does not tell (before 6.15).
pub fn wait_status(pidfd: impl AsFd) -> io::Result<Option<i32>> {
    const { assert!(size_of::<PidfdInfo>() == 64) };
    let mut info = PidfdInfo { mask: EXIT, ..PidfdInfo::default() };
    // SAFETY: the request encodes 64 bytes read and written, the size of `info`, which lives through
    // the call; all of its fields are integers, so any bytes the kernel writes are valid.
    let result = unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), PIDFD_GET_INFO, &raw mut info) };
    match result {
        0 => Ok((info.mask & EXIT != 0).then_some(info.exit_code)),
        _ => match io::Error::last_os_error() {
            // Not known to this kernel, or the process has not ended or was reaped unseen.
            error
                if matches!(
                    error.raw_os_error(),
                    Some(libc::ENOTTY | libc::EINVAL | libc::ESRCH | libc::EREMOTE)
                ) =>
            {
                Ok(None)
            }
            error => Err(error),
        },
    }
}

/// How a process ended, as its wait status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By the signal of this number.
    Signal(i32),
}

/// Read a wait status.
pub fn ended(status: i32) -> Ended {
    match libc::WIFSIGNALED(status) {
        true => Ended::Signal(libc::WTERMSIG(status)),
        false => Ended::Code(libc::WEXITSTATUS(status)),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    use super::*;

    #[test]
    fn a_killed_process_is_told_from_one_that_ended() {
        let wait_status_of = |kill: bool| {
            let mut child = Command::new("sleep").arg(if kill { "60" } else { "0" }).spawn().unwrap();
            let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
            let pidfd = pidfd_open(pid, PidfdFlags::empty()).unwrap();
            if kill {
                child.kill().unwrap();
            }
            child.wait().unwrap();
            wait_status(&pidfd).unwrap()
        };
        // Kernels before 6.15 tell neither.
        let (quiet, killed) = (wait_status_of(false), wait_status_of(true));
        assert!(quiet.is_none_or(|status| ended(status) == Ended::Code(0)), "{quiet:?}");
        assert!(killed.is_none_or(|status| ended(status) == Ended::Signal(libc::SIGKILL)), "{killed:?}");
        assert_eq!(quiet.is_some(), killed.is_some());
    }
}
