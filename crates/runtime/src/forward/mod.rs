//! Published ports without a daemon and without root: the monitor listens on the host, and connects
//! to the program inside the container's network namespace.
//!
//! The host's sockets are opened before the container starts, so that a busy port is known at once.
//! As with docker, a program that listens on 127.0.0.1 only is not reachable, and no connection seems
//! to come from there; the client's own address, however, is not seen inside.

pub(crate) mod container_address;
mod container_sockets;
mod error;
mod tcp;
mod udp;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use plimsoll_model::Protocol;
use plimsoll_model::launch::Publish;
use rustix::event::epoll::EventFlags;

use crate::container::PublishedPort;
use crate::event_loop::EventLoop;
use container_sockets::ContainerSockets;
pub use error::ForwardError;
use tcp::TcpForward;
use udp::UdpForward;

/// Ports of the host that are already ours; the container need not exist yet.
#[derive(Debug, Default)]
pub struct HostPorts {
    tcp: Vec<(TcpListener, u16)>,
    udp: Vec<(UdpSocket, u16)>,
    published: Vec<PublishedPort>,
}

impl HostPorts {
    /// Take all of them, or none.
    pub fn open(publish: &[Publish]) -> Result<Self, ForwardError> {
        let mut ports = HostPorts::default();
        for wanted in publish {
            let address = SocketAddr::new(wanted.host_ip, wanted.host_port.unwrap_or(0));
            let protocol = wanted.container.protocol;
            let refused = |source| ForwardError::of(address, protocol, source);
            let host = match protocol {
                Protocol::Tcp => {
                    let listener = TcpListener::bind(address).map_err(refused)?;
                    listener.set_nonblocking(true).map_err(refused)?;
                    let host = listener.local_addr().map_err(refused)?;
                    ports.tcp.push((listener, wanted.container.number));
                    host
                }
                Protocol::Udp => {
                    let socket = UdpSocket::bind(address).map_err(refused)?;
                    socket.set_nonblocking(true).map_err(refused)?;
                    let host = socket.local_addr().map_err(refused)?;
                    ports.udp.push((socket, wanted.container.number));
                    host
                }
                Protocol::Sctp => return Err(ForwardError::Protocol { port: wanted.container }),
            };
            ports.published.push(PublishedPort { host, container: wanted.container });
        }
        Ok(ports)
    }

    /// What was taken, with the numbers the kernel chose.
    pub fn published(&self) -> &[PublishedPort] {
        &self.published
    }

    /// Begin to forward into the network namespace of the process `pid`; `None` if that has ended
    /// already.
    pub fn forward_to(self, pid: u32) -> Result<Option<Forwarder>, ForwardError> {
        let failed = |source| ForwardError::Start { source };
        let events = EventLoop::new().map_err(failed)?;
        let sockets = match ContainerSockets::of(pid) {
            Ok(sockets) => sockets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let tcp = TcpForward::start(self.tcp, &events).map_err(failed)?;
        let udp = UdpForward::start(self.udp, &events).map_err(failed)?;
        Ok(Some(Forwarder { events, sockets, tcp, udp }))
    }
}

/// What an event inside the forwarder is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Listener(u32),
    Connection(u32),
    UdpPort(u32),
    UdpFlow(u32),
}

impl Token {
    fn number(self) -> u64 {
        let (kind, index) = match self {
            Token::Listener(index) => (0, index),
            Token::Connection(index) => (1, index),
            Token::UdpPort(index) => (2, index),
            Token::UdpFlow(index) => (3, index),
        };
        kind << 32 | u64::from(index)
    }

    fn of(number: u64) -> Self {
        let index = number as u32;
        match number >> 32 {
            0 => Token::Listener(index),
            1 => Token::Connection(index),
            2 => Token::UdpPort(index),
            _ => Token::UdpFlow(index),
        }
    }
}

/// Carries connections and datagrams between the host and one container. It has an event queue of
/// its own, whose descriptor becomes readable when there is something to do.
#[derive(Debug)]
pub struct Forwarder {
    events: EventLoop,
    sockets: ContainerSockets,
    tcp: TcpForward,
    udp: UdpForward,
}

impl Forwarder {
    /// Readable when [`Forwarder::turn`] has work.
    pub fn descriptor(&self) -> &OwnedFd {
        self.events.descriptor()
    }

    /// Do what can be done without waiting. Returns when it wants to be called again even if its
    /// descriptor stays quiet.
    pub fn turn(&mut self, now: Instant) -> Option<Duration> {
        let ready = self.events.wait(Some(Duration::ZERO)).unwrap_or_default();
        for (token, flags) in ready {
            match Token::of(token) {
                Token::Listener(at) => self.tcp.accept(at, &mut self.sockets, &self.events),
                Token::Connection(at) => self.tcp.ready(at, flags, &mut self.sockets, &self.events),
                Token::UdpPort(at) => self.udp.carry_in(at, now, &mut self.sockets, &self.events),
                Token::UdpFlow(at) => self.udp.carry_out(at, now),
            }
        }
        let more = self.tcp.end_turn(&self.events);
        self.udp.forget_idle(now);
        if more {
            return Some(Duration::ZERO);
        }
        self.udp.has_flows().then_some(udp::IDLE / 4)
    }
}

/// Everything a socket can tell, told once per change.
const EDGES: EventFlags =
    EventFlags::IN.union(EventFlags::OUT).union(EventFlags::RDHUP).union(EventFlags::ET);

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
