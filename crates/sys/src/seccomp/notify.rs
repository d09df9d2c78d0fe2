//! Calls that a filter hands over (`SECCOMP_RET_USER_NOTIF`): receive one, answer it.
//!
//! seccomp_unotify(2). A caller waits in the kernel until it is answered, but it can die at any moment, and
//! its number can then belong to another process: what was found out about it counts only if
//! [`Listener::is_waiting`] says so afterwards.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::ptr;

use rustix::io::Errno;

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Notification {
    /// Names the waiting call; never used again.
    pub id: u64,
    /// The calling thread.
    pub thread: u32,
    /// `AUDIT_ARCH_*` of the caller.
    pub architecture: u32,
    /// Number of the call.
    pub number: i32,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// How a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The kernel carries it out as if nobody had listened. The caller can have changed what its arguments
    /// point to by then: never an answer that a right depends on.
    Continue,
    /// It returns this.
    Value(i64),
    /// It fails.
    Error(Errno),
}

/// Where the calls of a filter arrive.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    /// Bytes of the kernel's structures, which may be longer than those we know.
    received: usize,
    sent: usize,
}

/// Bytes of a structure of the kernel that we make room for.
const ROOM: usize = 512;

#[repr(C, align(8))]
struct Buffer([u8; ROOM]);

impl Listener {
    /// The listener of [`Report::Listener`](crate::child::Report::Listener).
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        let mut sizes =
            libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
        // SAFETY: the kernel writes the live structure it expects for this operation.
        let result =
            unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
        let (received, sent) = (usize::from(sizes.seccomp_notif), usize::from(sizes.seccomp_notif_resp));
        let fits = (size_of::<libc::seccomp_notif>()..=ROOM).contains(&received)
            && (size_of::<libc::seccomp_notif_resp>()..=ROOM).contains(&sent);
        if !fits {
            return Err(io::ErrorKind::Unsupported.into());
        }
        const SYNC_WAKE_UP: libc::c_ulong = 1;
        // SAFETY: takes a number. It lets caller and listener share a processor, which is quicker; kernels
        // before 6.6 refuse, and nothing is lost.
        unsafe { libc::ioctl(fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
        Ok(Listener { fd, received, sent })
    }

    /// Take the next waiting call; blocks if there is none. `None`: its caller died first.
    pub fn receive(&self) -> io::Result<Option<Notification>> {
        let mut buffer = Buffer([0; ROOM]);
        debug_assert!(self.received <= ROOM);
        // SAFETY: the buffer is zeroed, as the kernel demands, aligned for u64, and at least as long as the
        // kernel's structure (checked in `new`).
        let result =
            unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut buffer) };
        if result != 0 {
            return match Errno::from_io_error(&io::Error::last_os_error()) {
                Some(Errno::NOENT | Errno::INTR) => Ok(None),
                _ => Err(io::Error::last_os_error()),
            };
        }
        // SAFETY: the structure is plain numbers, no longer than the buffer, and the buffer is aligned.
        let call: libc::seccomp_notif = unsafe { ptr::read(ptr::from_ref(&buffer).cast()) };
        Ok(Some(Notification {
            id: call.id,
            thread: call.pid,
            architecture: call.data.arch,
            number: call.data.nr,
            arguments: call.data.args,
        }))
    }

    /// Whether the call still waits, so that its thread was who we thought it was until now.
    pub fn is_waiting(&self, id: u64) -> bool {
        // SAFETY: the kernel reads one live number.
        unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) == 0 }
    }

    /// End a call. One whose caller has died is no error.
    pub fn answer(&self, id: u64, answer: Answer) -> io::Result<()> {
        let (val, error, flags) = match answer {
            Answer::Continue => (0, 0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Value(value) => (value, 0, 0),
            Answer::Error(errno) => (0, -errno.raw_os_error(), 0),
        };
        let mut buffer = Buffer([0; ROOM]);
        debug_assert!(self.sent <= ROOM);
        // SAFETY: the buffer is aligned and longer than the structure of plain numbers written to its start.
        unsafe {
            ptr::write(ptr::from_mut(&mut buffer).cast(), libc::seccomp_notif_resp { id, val, error, flags });
        }
        // SAFETY: the kernel reads at most the checked size from the live buffer.
        let result =
            unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut buffer) };
        match io::Error::last_os_error() {
            _ if result == 0 => Ok(()),
            error if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
            error => Err(error),
        }
    }

    /// Give a waiting caller a copy of a descriptor of ours (Linux 5.9): its number there.
    pub fn give_descriptor(&self, id: u64, fd: BorrowedFd<'_>, close_on_exec: bool) -> io::Result<i64> {
        let given = libc::seccomp_notif_addfd {
            id,
            flags: 0,
            srcfd: fd.as_raw_fd() as u32,
            newfd: 0,
            newfd_flags: if close_on_exec { libc::O_CLOEXEC as u32 } else { 0 },
        };
        // SAFETY: the kernel reads one live structure whose size is part of the request's number.
        let number =
            unsafe { libc::ioctl(self.fd.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const given) };
        if number < 0 { Err(io::Error::last_os_error()) } else { Ok(number.into()) }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
