//! Sockets that reach a container, and its address for them.
//!
//! One in a network of the store is reached from where its bridge is: for root that is our own network
//! namespace. One without is reached from inside: a socket stays in the namespace it was made in, so one
//! thread enters that for good and makes sockets for the others. It cannot be done by going there and
//! back: an ordinary user's monitor has no right to return to the host's namespace.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::container_address;
use crate::network::namespace;

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

/// A supply of unconnected sockets from which a container is reached.
#[derive(Debug)]
pub(super) struct ContainerSockets {
    /// The container's address.
    pub v4: Ipv4Addr,
    /// Its address for a program that listens on IPv6 only.
    pub v6: Option<Ipv6Addr>,
    /// Makes them in another network namespace; `None`: they are made here.
    elsewhere: Option<Elsewhere>,
}

#[derive(Debug)]
struct Elsewhere {
    ask: SyncSender<SocketKind>,
    answers: Receiver<io::Result<Vec<OwnedFd>>>,
    ready: Vec<OwnedFd>,
}

const TCP_V4: SocketKind = SocketKind { v6: false, stream: true };

impl ContainerSockets {
    /// Into the network namespace that the process `pid` lives in, which has loopback alone and gets an
    /// address by this. Fails if it cannot be entered.
    pub fn into(pid: u32) -> io::Result<Self> {
        let namespace = namespace::of_process(pid)?;
        let elsewhere = Elsewhere::start(namespace, container_address::provide)?;
        let (v4, v6) = (container_address::V4, Some(container_address::V6));
        Ok(ContainerSockets { v4, v6, elsewhere: Some(elsewhere) })
    }

    /// To an address of a network of the store; `namespace` is where its bridge is, unless here.
    pub fn to(address: Ipv4Addr, namespace: Option<OwnedFd>) -> io::Result<Self> {
        let elsewhere = namespace.map(|namespace| Elsewhere::start(namespace, || Ok(()))).transpose()?;
        Ok(ContainerSockets { v4: address, v6: None, elsewhere })
    }

    /// One socket, not blocking, closed on exec.
    pub fn take(&mut self, kind: SocketKind) -> io::Result<OwnedFd> {
        match &mut self.elsewhere {
            None => make(kind),
            Some(elsewhere) => elsewhere.take(kind),
        }
    }
}

impl Elsewhere {
    /// Start the thread; when this returns it is there and `prepare` is done.
    fn start(namespace: OwnedFd, prepare: fn() -> io::Result<()>) -> io::Result<Self> {
        let (ask, asked) = sync_channel(0);
        let (answer, answers) = sync_channel(0);
        let serve = move || serve(&namespace, prepare, &asked, &answer);
        std::thread::Builder::new().name("sockets".into()).stack_size(STACK).spawn(serve)?;
        let mut elsewhere = Elsewhere { ask, answers, ready: Vec::new() };
        elsewhere.ready = elsewhere.request(TCP_V4)?;
        Ok(elsewhere)
    }

    fn take(&mut self, kind: SocketKind) -> io::Result<OwnedFd> {
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

/// The thread: enter the namespace, prepare it, then make sockets until nobody asks any more.
fn serve(
    namespace: &OwnedFd,
    prepare: fn() -> io::Result<()>,
    asked: &Receiver<SocketKind>,
    answer: &SyncSender<io::Result<Vec<OwnedFd>>>,
) {
    let mut entered = namespace::enter(namespace).and_then(|()| prepare());
    for kind in asked {
        let count = if kind == TCP_V4 { BATCH } else { 1 };
        let sockets =
            std::mem::replace(&mut entered, Ok(())).and_then(|()| (0..count).map(|_| make(kind)).collect());
        if answer.send(sockets).is_err() {
            return;
        }
    }
}

fn make(kind: SocketKind) -> io::Result<OwnedFd> {
    let family = if kind.v6 { AddressFamily::INET6 } else { AddressFamily::INET };
    let form = if kind.stream { SocketType::STREAM } else { SocketType::DGRAM };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    Ok(socket_with(family, form, flags, None)?)
}
