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
    /// All is set up; what follows is exec. The child waits for [`Channel::let_go`]. If the channel then
    /// closes, the exec worked.
    Ready,
    /// Our end of the new pseudo-terminal.
    Terminal(OwnedFd),
    /// Through this the calls that a filter hands over are received ([`crate::seccomp::Listener`]).
    Listener(OwnedFd),
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
    Ready = 5,
    Listener = 6,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Wire {
    kind: u32,
    number: u32,
    errno: i32,
}

/// Flags of the `sendmsg` with which a child hands a descriptor to its parent. A filter that hands every call
/// over must let it pass: the parent cannot answer before it has the listener. Ends of records mean nothing
/// to this socket, so that no other program has a reason to ask for both.
pub const DESCRIPTOR_FLAGS: u32 = (libc::MSG_NOSIGNAL | libc::MSG_EOR) as u32;

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

    /// Let a child go on that waits in [`Op::AwaitWord`](super::Op::AwaitWord), or will. One that has ended
    /// is no error: its reports tell why.
    pub fn go_on(&self) -> io::Result<()> {
        use rustix::net::{SendFlags, send};
        match send(&self.fd, &[1], SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::PIPE | rustix::io::Errno::CONNRESET) | Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
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
            (kind, _) if kind == Kind::Ready as u32 => Report::Ready,
            (kind, Some(fd)) if kind == Kind::Terminal as u32 => Report::Terminal(fd),
            (kind, Some(fd)) if kind == Kind::Listener as u32 => Report::Listener(fd),
            (kind, Some(pidfd)) if kind == Kind::Forked as u32 => Report::Forked { pid: wire.number, pidfd },
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        Ok(Some(report))
    }

    /// Let a child that is ready execute its program. One that is let down instead, by closing the
    /// channel, ends.
    pub fn let_go(&self) -> io::Result<()> {
        rustix::io::write(&self.fd, &[GO]).map(drop).map_err(Into::into)
    }
}

/// What the child waits for.
const GO: u8 = b'g';

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
    if fd.is_none() {
        // Not sendmsg: a filter of the user's own is loaded already, and programs can do without that call.
        // SAFETY: a live local of plain numbers and its size.
        unsafe { libc::write(channel, ptr::from_ref(&wire).cast(), size_of::<Wire>()) };
        return;
    }
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
    unsafe { libc::sendmsg(channel, &raw const message, DESCRIPTOR_FLAGS as libc::c_int) };
}

/// Block until the parent lets go or closes its end; which of both. Allocates nothing.
pub(super) fn may_go(channel: RawFd) -> bool {
    let mut byte = 0u8;
    loop {
        // SAFETY: at most one byte is read into one live byte.
        match unsafe { libc::read(channel, ptr::from_mut(&mut byte).cast(), 1) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return may_go_unread(channel),
            length => return length == 1 && byte == GO,
        }
    }
}

/// Block until the parent has sent its word; false if it ends before. That shows in its pidfd only: this
/// process has a copy of its end of the channel. Allocates nothing.
pub(super) fn await_word(channel: RawFd, parent: RawFd) -> bool {
    let wanted = |fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let mut ends = [wanted(channel), wanted(parent)];
    let mut byte = 0u8;
    loop {
        // SAFETY: two live entries.
        let ready = unsafe { libc::poll(ends.as_mut_ptr(), 2, -1) };
        if ready < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINTR) {
            continue;
        }
        if ready < 0 || ends[0].revents == 0 {
            return false;
        }
        // SAFETY: one byte is received into one live byte.
        return unsafe { libc::recv(channel, ptr::from_mut(&mut byte).cast(), 1, 0) } == 1;
    }
}

/// The same behind a filter of the user's own that does not let us read. One that does not let us wait
/// either lets us go at once.
fn may_go_unread(channel: RawFd) -> bool {
    let mut poll = libc::pollfd { fd: channel, events: libc::POLLIN, revents: 0 };
    // SAFETY: one live entry.
    let ready = unsafe { libc::poll(&raw mut poll, 1, -1) };
    ready != 1 || poll.revents & libc::POLLHUP == 0
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
    let mut was_reset = false;
    let length = loop {
        // SAFETY: every pointer in the message points to a live local of the given length, and
        // `Wire` is plain numbers, so any bytes are a valid value.
        match unsafe { libc::recvmsg(fd.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => continue,
            // The other end went away with something of ours unread. That is told once, before what it
            // has said is to be read.
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::ConnectionReset && !was_reset => {
                was_reset = true;
            }
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

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd as _;

    use super::*;

    #[test]
    fn what_a_child_said_is_heard_though_it_never_read_its_word() {
        let (channel, theirs) = Channel::new().unwrap();
        channel.go_on().unwrap();
        send(theirs.as_raw_fd(), Kind::Ready, 0, 0, None);
        send(theirs.as_raw_fd(), Kind::Failed, 3, libc::EPERM, None);
        drop(theirs);
        assert!(matches!(channel.next().unwrap(), Some(Report::Ready)));
        assert!(matches!(channel.next().unwrap(), Some(Report::Failed { step: 3, errno: libc::EPERM })));
        assert!(channel.next().unwrap().is_none());
    }
}
