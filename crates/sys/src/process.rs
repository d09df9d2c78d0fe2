//! Other processes: signals by descriptor, memory, one limit.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::ptr;

/// Send a signal to the process behind a pidfd.
pub fn send_signal(pidfd: BorrowedFd<'_>, signal: i32) -> io::Result<()> {
    // SAFETY: no siginfo is passed; the other arguments are numbers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            signal,
            ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The number of the process behind a pidfd, as our `/proc` has it. It names another process once that one
/// has ended: whoever uses it must find the descriptor's process still there afterwards.
pub fn pid_of(pidfd: BorrowedFd<'_>) -> io::Result<u32> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd()))?;
    let number = info.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse::<i64>().ok());
    // -1 stands for a process that has ended, 0 for one that our `/proc` does not show.
    let pid = number.and_then(|number| u32::try_from(number).ok()).filter(|pid| *pid != 0);
    pid.ok_or_else(|| io::Error::from_raw_os_error(libc::ESRCH))
}

/// Read memory of another process: as much as there is from this address on. Only a caller that then finds
/// the process still there may believe it.
pub fn read_memory(process: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: buffer.len() };
    // SAFETY: the kernel writes at most the given length into the live buffer; the remote address is only
    // looked up in the other process, where any value is allowed.
    let length = unsafe {
        libc::process_vm_readv(process as libc::pid_t, &raw const local, 1, &raw const remote, 1, 0)
    };
    usize::try_from(length).map_err(|_| io::Error::last_os_error())
}

/// The soft limit of file locks (`RLIMIT_LOCKS`) of another process: a number that Linux has not looked at
/// since 2.4.25, and that forks and executed programs inherit.
pub fn lock_limit(process: u32) -> io::Result<u64> {
    swap_lock_limit(process, None).map(|limit| limit.rlim_cur)
}

/// Change the soft limit of file locks of another process.
pub fn set_lock_limit(process: u32, soft: u64) -> io::Result<()> {
    let rlim_max = swap_lock_limit(process, None)?.rlim_max;
    swap_lock_limit(process, Some(libc::rlimit64 { rlim_cur: soft, rlim_max })).map(drop)
}

fn swap_lock_limit(process: u32, new: Option<libc::rlimit64>) -> io::Result<libc::rlimit64> {
    let mut old = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    let new = new.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: `new` is null or a live structure, `old` is a live structure.
    let result =
        unsafe { libc::syscall(libc::SYS_prlimit64, process, libc::RLIMIT_LOCKS, new, &raw mut old) };
    if result == 0 { Ok(old) } else { Err(io::Error::last_os_error()) }
}

/// Give this thread a file mode mask of its own, of no bits: what it makes has the mode it asks for. Its
/// working and root directory are its own from then on, too.
pub fn unmask_thread() -> io::Result<()> {
    // SAFETY: takes a number. Nothing else in this thread relies on following other threads' changes of
    // directory or mask.
    if unsafe { libc::unshare(libc::CLONE_FS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    rustix::process::umask(rustix::fs::Mode::empty());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd as _;

    use super::*;

    #[test]
    fn a_descriptor_knows_its_process_until_the_end() {
        use rustix::process::{Pid, PidfdFlags, pidfd_open};
        let mut child =
            std::process::Command::new("/bin/cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_raw(child.id() as i32).unwrap();
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        assert_eq!(pid_of(pidfd.as_fd()).unwrap(), child.id());
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(pid_of(pidfd.as_fd()).unwrap_err().raw_os_error(), Some(libc::ESRCH));
    }

    #[test]
    fn memory_and_limits_of_a_process() {
        let me = std::process::id();
        let text = *b"some bytes";
        let mut copy = [0; 10];
        assert_eq!(read_memory(me, text.as_ptr() as u64, &mut copy).unwrap(), 10);
        assert_eq!(copy, text);
        assert!(read_memory(me, 1, &mut copy).is_err());
        let before = lock_limit(me).unwrap();
        set_lock_limit(me, 4242).unwrap();
        assert_eq!(lock_limit(me).unwrap(), 4242);
        set_lock_limit(me, before).unwrap();
    }
}
