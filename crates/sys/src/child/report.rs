//! What a child tells its parent: fixed-size messages, some with a descriptor, over a socket that
//! closes at exec.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::ptr;

/// A message of the child.
#[derive(Debug)]
pub enum Report {
    /// An operation of this step failed.
    Failed {
        /// The step.
        step: usize,
        /// Why.
        errno: i32,
    },
    /// No program could be executed. The child waits until the channel is closed, so that its file
    /// system can be looked at.
    NotExecuted {
        /// Index of the candidate that decided.
        candidate: usize,
        /// Why.
        errno: i32,
        /// The root directory of the child.
        root: Option<OwnedFd>,
    },
    /// All is set up; what follows is exec. If the channel then closes, it worked.
    Executing,
    /// Our end of the new pseudo-terminal.
    Terminal(OwnedFd),
    /// The process that goes on after a fork.
    Forked {
        /// Its pid, as the forking process saw it.
        pid: u32,
        /// Its descriptor.
        pidfd: OwnedFd,
    },
}

#[derive(Clone, Copy)]
#[repr(u32)]
pub(super) enum Kind {
    Failed = 1,
    NotExecuted = 2,
    Terminal = 3,
    Forked = 4,
    Executing = 5,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Wire {
    kind: u32,
    number: u32,
    errno: i32,
}

/// The parent's end.
#[derive(Debug)]
pub struct Channel {
    fd: OwnedFd,
}

impl Channel {
    /// A channel and the end for the child.
    pub fn new() -> io::Result<(Channel, OwnedFd)> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Channel { fd: ours }, theirs))
    }

    /// The next report; `None` when the child's end is closed, that is after exec or death.
    pub fn next(&self) -> io::Result<Option<Report>> {
        let Some((wire, fd)) = receive(&self.fd)? else { return Ok(None) };
        let number = wire.number as usize;
        let report = match (wire.kind, fd) {
            (kind, _) if kind == Kind::Failed as u32 => Report::Failed { step: number, errno: wire.errno },
            (kind, root) if kind == Kind::NotExecuted as u32 => {
                Report::NotExecuted { candidate: number, errno: wire.errno, root }
            }
            (kind, _) if kind == Kind::Executing as u32 => Report::Executing,
            (kind, Some(fd)) if kind == Kind::Terminal as u32 => Report::Terminal(fd),
            (kind, Some(pidfd)) if kind == Kind::Forked as u32 => Report::Forked { pid: wire.number, pidfd },
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        Ok(Some(report))
    }
}

/// Room for one descriptor, aligned as `cmsghdr` must be.
#[repr(C, align(8))]
struct ControlBuffer([u8; 24]);

const CONTROL_BYTES: usize = {
    // SAFETY: CMSG_SPACE only computes.
    unsafe { libc::CMSG_SPACE(size_of::<RawFd>() as u32) as usize }
};
const _: () = assert!(CONTROL_BYTES <= size_of::<ControlBuffer>());

/// Send from the child. Allocates nothing; a failure cannot be told to anyone.
pub(super) fn send(channel: RawFd, kind: Kind, number: u32, errno: i32, fd: Option<RawFd>) {
    let mut wire = Wire { kind: kind as u32, number, errno };
    let mut part = libc::iovec { iov_base: ptr::from_mut(&mut wire).cast(), iov_len: size_of::<Wire>() };
    let mut control = ControlBuffer([0; 24]);
    // SAFETY: all-zero is a valid `msghdr` (null pointers, zero lengths).
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    if let Some(fd) = fd {
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = CONTROL_BYTES as _;
        // SAFETY: the control buffer is aligned and large enough for one header with one descriptor
        // (asserted above), so CMSG_FIRSTHDR is not null and the data lies inside.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(&raw const message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as _;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd);
        }
    }
    // SAFETY: every pointer in the message points to a live local of the given length.
    unsafe { libc::sendmsg(channel, &raw const message, libc::MSG_NOSIGNAL) };
}

/// Block until the parent closes its end. Allocates nothing.
pub(super) fn wait_for_close(channel: RawFd) {
    let mut byte = 0u8;
    // SAFETY: one byte is received into one live byte.
    unsafe { libc::recv(channel, ptr::from_mut(&mut byte).cast(), 1, 0) };
}

fn receive(fd: &OwnedFd) -> io::Result<Option<(Wire, Option<OwnedFd>)>> {
    let mut wire = Wire::default();
    let mut part = libc::iovec { iov_base: ptr::from_mut(&mut wire).cast(), iov_len: size_of::<Wire>() };
    let mut control = ControlBuffer([0; 24]);
    // SAFETY: all-zero is a valid `msghdr`.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = CONTROL_BYTES as _;
    let length = loop {
        // SAFETY: every pointer in the message points to a live local of the given length, and
        // `Wire` is plain numbers, so any bytes are a valid value.
        match unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => continue,
            -1 => return Err(io::Error::last_os_error()),
            length => break length as usize,
        }
    };
    // SAFETY: the kernel filled the control buffer and its length; the header, if there is one, lies
    // inside it. A received descriptor is new and owned by nobody else.
    let received = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        let is_rights = !header.is_null()
            && (*header).cmsg_level == libc::SOL_SOCKET
            && (*header).cmsg_type == libc::SCM_RIGHTS;
        is_rights.then(|| OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned()))
    };
    match length {
        0 => Ok(None),
        length if length == size_of::<Wire>() => Ok(Some((wire, received))),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
