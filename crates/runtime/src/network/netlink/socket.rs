//! A netlink socket: one question, its answer.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::message::{Message, Reply};

/// The kernel sends at most 32 KiB at once.
const LARGEST: usize = 64 << 10;
/// The kernel answers at once, or when others let it: a silence this long is a fault.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which part of the kernel is talked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subsystem {
    /// Interfaces, addresses, routes (rtnetlink(7)).
    Route,
    /// nf_tables.
    Netfilter,
}

/// A socket that belongs to the network namespace it was opened in.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: OwnedFd,
    sequence: Cell<u32>,
}

impl Netlink {
    /// Open one in the network namespace of this thread.
    pub fn open(subsystem: Subsystem) -> io::Result<Self> {
        // Protocol 0 is NETLINK_ROUTE.
        let protocol = (subsystem == Subsystem::Netfilter).then_some(netlink::NETFILTER);
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Netlink { socket, sequence: Cell::new(0) })
    }

    /// Have something done; returns when it is.
    pub fn request(&self, message: Message) -> io::Result<()> {
        self.ask(message).map(drop)
    }

    /// Ask for something; returns the messages of the answer. The message must demand an
    /// acknowledgement ([`Message::ACK`]) or all there are ([`Message::DUMP`]): by these it ends.
    pub fn ask(&self, message: Message) -> io::Result<Vec<Reply>> {
        let sequence = self.next();
        self.send(&message.numbered(sequence))?;
        self.collect(sequence)
    }

    /// Send messages as one datagram; returns when the last one that demands an acknowledgement has it,
    /// or any is refused. After a refusal more answers may wait: the socket is used up.
    pub fn request_all(self, messages: Vec<Message>) -> io::Result<()> {
        let mut last = 0;
        let mut bytes = Vec::new();
        for message in messages {
            let sequence = self.next();
            if message.wants_acknowledgement() {
                last = sequence;
            }
            bytes.extend(message.numbered(sequence));
        }
        self.send(&bytes)?;
        loop {
            for reply in self.receive()?.into_iter().filter(|reply| reply.kind == Reply::ERROR) {
                match reply.error() {
                    0 if reply.sequence == last => return Ok(()),
                    0 => {}
                    errno => return Err(io::Error::from_raw_os_error(errno)),
                }
            }
        }
    }

    fn collect(&self, sequence: u32) -> io::Result<Vec<Reply>> {
        let mut answer = Vec::new();
        loop {
            for reply in self.receive()?.into_iter().filter(|reply| reply.sequence == sequence) {
                match reply.kind {
                    Reply::ERROR | Reply::DONE => match reply.error() {
                        0 => return Ok(answer),
                        errno => return Err(io::Error::from_raw_os_error(errno)),
                    },
                    _ => answer.push(reply),
                }
            }
        }
    }

    fn next(&self) -> u32 {
        self.sequence.set(self.sequence.get() + 1);
        self.sequence.get()
    }

    fn send(&self, bytes: &[u8]) -> io::Result<()> {
        match send(&self.socket, bytes, SendFlags::empty())? {
            sent if sent == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }

    fn receive(&self) -> io::Result<Vec<Reply>> {
        let mut buffer = vec![0; LARGEST];
        let length = loop {
            match recv(&self.socket, &mut buffer[..], RecvFlags::TRUNC) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Err(io::ErrorKind::TimedOut.into()),
                result => break result?.1,
            }
        };
        match buffer.get(..length).map(Reply::all_in) {
            Some(replies) if !replies.is_empty() => Ok(replies),
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RTM_GETLINK of all links: every network namespace has a loopback interface, number 1.
    #[test]
    fn the_kernel_answers_with_all_there_are() {
        let kernel = Netlink::open(Subsystem::Route).unwrap();
        for _ in 0..2 {
            let links = kernel.ask(Message::new(18, Message::DUMP).body(&[0; 16])).unwrap();
            let names = links.iter().flat_map(|link| link.attributes(16).filter(|(kind, _)| *kind == 3));
            assert!(names.map(|(_, name)| super::super::text(name)).any(|name| name == "lo"));
        }
    }

    #[test]
    fn a_refusal_is_an_error() {
        let kernel = Netlink::open(Subsystem::Route).unwrap();
        let unknown = Message::new(18, Message::ACK).body(&[0; 16]).with_text(3, "no-such-link");
        let error = kernel.request(unknown).unwrap_err();
        assert_eq!(Errno::from_io_error(&error), Some(Errno::NODEV));
    }
}
