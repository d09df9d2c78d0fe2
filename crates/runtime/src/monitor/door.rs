//! Where commands come to: to wait for the end, to attach, to say that they are stopping the container.
//!
//! A guest says one word, [`Ask`], as one message. It is answered when there is something to say, and
//! forgotten when it goes. The door stays open from one start of the container to the next.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::event::epoll::EventFlags;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind, listen, socket_with,
};

use crate::container::Container;
use crate::event_loop::EventLoop;
use crate::fd_message;

/// Number of the event that somebody is at the door.
const DOOR: u64 = 2;
/// Numbers of what guests say, from here on.
const GUESTS: u64 = 1 << 32;

/// What a guest wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// To be told how the container ended.
    Wait,
    /// To have its output copied to the descriptors sent along, and the way in.
    Attach,
    /// That it is not started again: it is being stopped by a command.
    Stop,
}

impl Ask {
    const WORDS: [(Ask, &'static [u8]); 3] =
        [(Ask::Wait, b"wait"), (Ask::Attach, b"attach"), (Ask::Stop, b"stop")];

    /// The message that says it.
    pub fn message(self) -> &'static [u8] {
        Ask::WORDS.iter().find(|(ask, _)| *ask == self).map_or(b"", |(_, word)| word)
    }

    fn read(message: &[u8]) -> Option<Ask> {
        Ask::WORDS.iter().find(|(_, word)| *word == message).map(|(ask, _)| *ask)
    }
}

/// A guest, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GuestId(usize);

/// What a guest has said or done.
#[derive(Debug)]
pub(super) enum Heard {
    /// Nothing that concerns the container.
    Nothing,
    /// It is gone.
    Gone(GuestId),
    /// It wants the output there.
    Attach(GuestId, Vec<OwnedFd>),
    /// The container is being stopped.
    Stop,
}

#[derive(Debug)]
struct Guest {
    socket: OwnedFd,
    /// It waits for the end; one that is attached is told after it has taken all output.
    waits: bool,
}

/// The listening socket and the guests.
#[derive(Debug)]
pub(super) struct Door {
    socket: OwnedFd,
    guests: Vec<Option<Guest>>,
}

impl Door {
    /// Open it. What a killed monitor has left in its place is taken away: only one monitor, which holds
    /// the lock, comes here.
    pub fn open(container: &Container, events: &EventLoop) -> io::Result<Self> {
        let (_directory, address) = container.directory().control_address()?;
        match rustix::fs::unlink(&address) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
        bind(&socket, &SocketAddrUnix::new(address)?)?;
        listen(&socket, 64)?;
        events.add(&socket, DOOR, EventFlags::IN)?;
        Ok(Door { socket, guests: Vec::new() })
    }

    /// Whether an event is one of the door's.
    pub fn is_concerned(token: u64) -> bool {
        token == DOOR || token >= GUESTS
    }

    /// Somebody is at the door, or a guest has said something.
    pub fn turn(&mut self, token: u64, events: &EventLoop) -> Heard {
        match token.checked_sub(GUESTS) {
            None => {
                self.welcome(events);
                Heard::Nothing
            }
            Some(at) => self.hear(GuestId(at as usize)),
        }
    }

    fn welcome(&mut self, events: &EventLoop) {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        if let Ok(socket) = accept_with(&self.socket, flags) {
            self.admit(socket, events);
        }
    }

    /// Take somebody in whose socket we have already.
    pub fn admit(&mut self, socket: OwnedFd, events: &EventLoop) -> Option<GuestId> {
        let free = self.guests.iter().position(Option::is_none).unwrap_or(self.guests.len());
        events.add(&socket, GUESTS + free as u64, EventFlags::IN | EventFlags::RDHUP).ok()?;
        if free == self.guests.len() {
            self.guests.push(None);
        }
        self.guests[free] = Some(Guest { socket, waits: false });
        Some(GuestId(free))
    }

    fn hear(&mut self, id: GuestId) -> Heard {
        let Some(guest) = self.guests.get_mut(id.0).and_then(Option::as_mut) else { return Heard::Nothing };
        let Ok((message, descriptors)) = fd_message::receive(&guest.socket) else {
            self.dismiss(id);
            return Heard::Gone(id);
        };
        match Ask::read(&message) {
            Some(Ask::Wait) => {
                guest.waits = true;
                Heard::Nothing
            }
            Some(Ask::Attach) => Heard::Attach(id, descriptors),
            Some(Ask::Stop) => {
                // The answer says that from now on nothing is started again.
                let _ = fd_message::send(&guest.socket, Ask::Stop.message(), &[]);
                Heard::Stop
            }
            // An empty message is the end; others are none of ours.
            None => {
                self.dismiss(id);
                Heard::Gone(id)
            }
        }
    }

    /// Forget a guest; its socket is closed.
    pub fn dismiss(&mut self, id: GuestId) {
        if let Some(guest) = self.guests.get_mut(id.0) {
            *guest = None;
        }
    }

    /// Tell one guest something; false if it is gone.
    pub fn tell(&self, id: GuestId, message: &[u8], descriptors: &[BorrowedFd<'_>]) -> bool {
        let guest = self.guests.get(id.0).and_then(Option::as_ref);
        guest.is_some_and(|guest| fd_message::send(&guest.socket, message, descriptors).is_ok())
    }

    /// Tell all who wait.
    pub fn tell_waiting(&mut self, message: &[u8]) {
        for guest in self.guests.iter_mut().flatten().filter(|guest| guest.waits) {
            let _ = fd_message::send(&guest.socket, message, &[]);
            guest.waits = false;
        }
    }

    /// Close the door: those who come to it only now, and those who have not said yet what they want,
    /// are told the end as well.
    pub fn close(&mut self, message: &[u8]) {
        while let Ok(socket) = accept_with(&self.socket, SocketFlags::CLOEXEC) {
            self.guests.push(Some(Guest { socket, waits: true }));
        }
        for guest in self.guests.drain(..).flatten() {
            let _ = fd_message::send(&guest.socket, message, &[]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood_and_nothing_else() {
        for (ask, _) in Ask::WORDS {
            assert_eq!(Ask::read(ask.message()), Some(ask));
        }
        for other in [&b""[..], b"wai", b"wait ", b"\xff"] {
            assert_eq!(Ask::read(other), None);
        }
    }
}
