//! Descriptors of the child, and the results of raw system calls.

use std::os::fd::{AsRawFd as _, IntoRawFd as _, OwnedFd, RawFd};

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
    // SAFETY: with CLOSE_RANGE_CLOEXEC nothing is closed; without it, only what nobody owns any more (`Spent`),
    // or all right before exec, after which no descriptor of the program is used any more.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) })
}

/// Descriptors that nothing more is asked of, closed many with one call. A launch that closes each by itself makes
/// every seventh call of the new process for that.
#[derive(Default)]
pub(super) struct Spent {
    /// A bit for each number.
    numbers: [u64; 4],
    count: u32,
}

impl Spent {
    /// So many may wait: the process may be allowed few.
    const MOST: u32 = 16;

    pub(super) fn add(&mut self, fd: OwnedFd) {
        let number = fd.as_raw_fd() as usize;
        // Larger numbers are rare, and closed as they are dropped.
        let Some(word) = self.numbers.get_mut(number / 64) else { return };
        *word |= 1 << (number % 64);
        let _ = fd.into_raw_fd();
        self.count += 1;
        if self.count == Spent::MOST {
            self.close();
        }
    }

    fn contains(&self, number: u32) -> bool {
        self.numbers.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    fn close(&mut self) {
        let mut begun = None;
        for number in 0..=u64::BITS * 4 {
            match (begun, self.contains(number)) {
                (None, true) => begun = Some(number),
                (Some(first), false) => {
                    // They are open and ours: nothing can fail.
                    let _ = close_range(first, number - 1, 0);
                    begun = None;
                }
                _ => {}
            }
        }
        *self = Spent::default();
    }
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
        let mut sources = stdio;
        for fd in sources.iter_mut().filter(|fd| **fd < 3) {
            *fd = duplicate_above(*fd, 3)?;
        }
        if *channel < 3 {
            *channel = duplicate_above(*channel, 3)?;
        }
        for (number, fd) in (0..).zip(sources) {
            duplicate_to(fd, number, 0)?;
        }
    }
    close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC)
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::pipe::{PipeFlags, pipe_with};

    use super::*;

    /// Whether the other end of a pipe is closed, within so many seconds: children that other tests start just
    /// now have it open until they execute.
    fn hangs_up(reader: &OwnedFd, tv_sec: i64) -> bool {
        let mut fds = [PollFd::new(reader, PollFlags::empty())];
        poll(&mut fds, Some(&Timespec { tv_sec, tv_nsec: 0 })).unwrap() == 1
    }

    #[test]
    fn what_is_spent_is_closed_and_nothing_else() {
        let (mut spent, mut readers, mut kept) = (Spent::default(), Vec::new(), Vec::new());
        for number in 0..Spent::MOST + 4 {
            let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
            if number % 5 == 0 {
                kept.push((reader, writer));
            } else {
                spent.add(writer);
                readers.push(reader);
            }
        }
        assert_eq!((spent.count, readers.len()), (0, Spent::MOST as usize));
        assert!(readers.iter().all(|reader| hangs_up(reader, 5)));
        assert!(!kept.iter().any(|(reader, _)| hangs_up(reader, 0)));
    }
}
