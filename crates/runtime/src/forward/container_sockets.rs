//! Sockets that belong to a container's network namespace.
//!
//! A socket stays in the namespace it was made in, so one thread enters that namespace for good and
//! makes sockets for the others. It cannot be done by going there and back: an ordinary user's
//! monitor has no right to return to the host's namespace.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::container_address;

/// What kind of socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SocketKind {
    pub v6: bool,
    pub stream: bool,
}

/// Sockets made in one go; the next connections need not ask the thread.
const BATCH: usize = 8;
/// The thread does nothing but make sockets.
const STACK: usize = 64 << 10;

/// A supply of unconnected sockets of one network namespace.
#[derive(Debug)]
pub(super) struct ContainerSockets {
    ask: SyncSender<SocketKind>,
    answers: Receiver<io::Result<Vec<OwnedFd>>>,
    ready: Vec<OwnedFd>,
}

const TCP_V4: SocketKind = SocketKind { v6: false, stream: true };

impl ContainerSockets {
    /// Of the namespace the process `pid` lives in. Fails if that cannot be entered; after this it has
    /// its address.
    pub fn of(pid: u32) -> io::Result<Self> {
        let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net"))?;
        let (ask, asked) = sync_channel(0);
        let (answer, answers) = sync_channel(0);
        let serve = move || serve(&namespace.into(), &asked, &answer);
        std::thread::Builder::new().name("sockets".into()).stack_size(STACK).spawn(serve)?;
        let mut sockets = ContainerSockets { ask, answers, ready: Vec::new() };
        sockets.ready = sockets.request(TCP_V4)?;
        Ok(sockets)
    }

    /// One socket, not blocking, closed on exec.
    pub fn take(&mut self, kind: SocketKind) -> io::Result<OwnedFd> {
        let pooled = if kind == TCP_V4 { &mut self.ready } else { &mut Vec::new() };
        if let Some(socket) = pooled.pop() {
            return Ok(socket);
        }
        let mut sockets = self.request(kind)?;
        let socket = sockets.pop().ok_or(io::ErrorKind::BrokenPipe)?;
        if kind == TCP_V4 {
            self.ready = sockets;
        }
        Ok(socket)
    }

    fn request(&self, kind: SocketKind) -> io::Result<Vec<OwnedFd>> {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        self.ask.send(kind).map_err(gone)?;
        self.answers.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?
    }
}

/// The thread: enter the namespace, give it its address, then make sockets until nobody asks any more.
fn serve(namespace: &OwnedFd, asked: &Receiver<SocketKind>, answer: &SyncSender<io::Result<Vec<OwnedFd>>>) {
    let mut entered = move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
        .map_err(io::Error::from)
        .and_then(|()| container_address::provide());
    for kind in asked {
        let sockets = std::mem::replace(&mut entered, Ok(())).and_then(|()| make(kind));
        if answer.send(sockets).is_err() {
            return;
        }
    }
}

fn make(kind: SocketKind) -> io::Result<Vec<OwnedFd>> {
    let family = if kind.v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let form = if kind.stream { SocketType::STREAM } else { SocketType::DGRAM };
    let count = if kind == TCP_V4 { BATCH } else { 1 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    (0..count).map(|_| Ok(socket_with(family, form, flags, None)?)).collect()
}
