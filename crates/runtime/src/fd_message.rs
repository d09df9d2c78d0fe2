//! Messages with file descriptors over a local socket that keeps messages apart (SOCK_SEQPACKET).

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// Descriptors in one message.
const MOST_DESCRIPTORS: usize = 4;
/// Bytes in one message.
const LONGEST: usize = 64 << 10;

/// Two sockets that talk to each other.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Send one message. A receiver that is gone is an error, never a signal.
pub(crate) fn send(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Wait for one message; an empty one means that the sender is gone.
pub(crate) fn receive(socket: impl AsFd) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = vec![0; LONGEST];
    let received = loop {
        let mut parts = [IoSliceMut::new(&mut bytes)];
        match recvmsg(&socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => break received,
            Err(Errno::INTR) => continue,
            // The sender died with messages of ours unread.
            Err(Errno::CONNRESET) => return Ok((Vec::new(), Vec::new())),
            Err(other) => return Err(other.into()),
        }
    };
    bytes.truncate(received.bytes);
    let mut descriptors = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            descriptors.extend(passed);
        }
    }
    Ok((bytes, descriptors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn messages_stay_apart_and_descriptors_arrive() {
        let (here, there) = pair().unwrap();
        let (reader, writer) = io::pipe().unwrap();
        send(&here, b"one", &[writer.as_fd()]).unwrap();
        send(&here, b"two", &[]).unwrap();
        drop((here, writer));

        let (bytes, mut passed) = receive(&there).unwrap();
        assert_eq!((bytes.as_slice(), passed.len()), (&b"one"[..], 1));
        std::fs::File::from(passed.remove(0)).write_all(b"through").unwrap();
        let mut text = String::new();
        std::fs::File::from(OwnedFd::from(reader)).read_to_string(&mut text).unwrap();
        assert_eq!(text, "through");
        assert_eq!(receive(&there).unwrap().0, b"two");
        assert_eq!(receive(&there).unwrap().0, b"");
    }

    #[test]
    fn a_receiver_that_is_gone_is_an_error() {
        let (here, there) = pair().unwrap();
        drop(there);
        assert!(send(&here, b"x", &[]).is_err());
    }
}
