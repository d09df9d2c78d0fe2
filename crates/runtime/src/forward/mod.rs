//! Published ports without a daemon and without root: the monitor listens on the host, and connects
//! to the program inside the container's network namespace.
//!
//! The host's sockets are opened before the container starts, so that a busy port is known at once.
//! As with docker, a program that listens on 127.0.0.1 only is not reachable, and no connection seems
//! to come from there; the client's own address, however, is not seen inside: it is that of the network's
//! gateway, or the container's own where it has no network.

pub(crate) mod container_address;
mod container_sockets;
mod error;
mod tcp;
mod udp;

use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use plimsoll_model::launch::Publish;
use plimsoll_model::{PortSpec, Protocol};
use rustix::event::epoll::EventFlags;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, socket_with, sockopt};

use crate::container::PublishedPort;
use crate::event_loop::EventLoop;
use crate::network::Reservation;
use container_sockets::ContainerSockets;
pub use error::{ForwardError, Holder};
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
            let first = wanted.host_port.unwrap_or(0);
            let mut port = first;
            let host = loop {
                match ports.take(SocketAddr::new(wanted.host_ip, port), wanted.container) {
                    Err(ForwardError::Busy { .. }) if port - first < wanted.further_ports => port += 1,
                    taken => break taken?,
                }
            };
            ports.published.push(PublishedPort { host, container: wanted.container });
        }
        Ok(ports)
    }

    /// Take one; gives it with the number the kernel chose.
    fn take(&mut self, address: SocketAddr, container: PortSpec) -> Result<SocketAddr, ForwardError> {
        let protocol = container.protocol;
        let refused = |source| ForwardError::of(address, protocol, source);
        match protocol {
            Protocol::Tcp => {
                let listener = TcpListener::from(bind(address, SocketType::STREAM).map_err(refused)?);
                let host = listener.local_addr().map_err(refused)?;
                self.tcp.push((listener, container.number));
                Ok(host)
            }
            Protocol::Udp => {
                let socket = UdpSocket::from(bind(address, SocketType::DGRAM).map_err(refused)?);
                let host = socket.local_addr().map_err(refused)?;
                self.udp.push((socket, container.number));
                Ok(host)
            }
            Protocol::Sctp => Err(ForwardError::Protocol { port: container }),
        }
    }

    /// What was taken, with the numbers the kernel chose.
    pub fn published(&self) -> &[PublishedPort] {
        &self.published
    }

    /// Begin to forward to the container whose process is `pid`, in its first network if it has joined
    /// any; `None` if it has ended already.
    pub fn forward_to(
        self,
        pid: u32,
        reservation: Option<&Reservation>,
    ) -> Result<Option<Forwarder>, ForwardError> {
        let failed = |source| ForwardError::Start { source };
        let events = EventLoop::new().map_err(failed)?;
        let way = reservation.and_then(Reservation::way_in).transpose().map_err(failed)?;
        let sockets = match way {
            Some((address, namespace)) => ContainerSockets::to(address, namespace),
            None => ContainerSockets::into(pid),
        };
        let sockets = match sockets {
            Ok(sockets) => sockets,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let tcp = TcpForward::start(self.tcp, &events).map_err(failed)?;
        let udp = UdpForward::start(self.udp, &events).map_err(failed)?;
        Ok(Some(Forwarder { events, sockets, tcp, udp }))
    }
}

/// A socket of the host with this address, not blocking, and listening if it can. One for IPv6 leaves
/// IPv4 to others, as docker's do.
fn bind(address: SocketAddr, form: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv6() { AddressFamily::INET6 } else { AddressFamily::INET };
    let socket = socket_with(family, form, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if form == SocketType::STREAM {
        // Connections of an earlier container that still wait for their very end are no hindrance.
        sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    net::bind(&socket, &address)?;
    if form == SocketType::STREAM {
        net::listen(&socket, BACKLOG)?;
    }
    Ok(socket)
}

/// Connections that wait until they are accepted; the kernel allows no more by default.
const BACKLOG: i32 = 4096;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn open(host: SocketAddr, container: &str) -> Result<HostPorts, ForwardError> {
        let container = PortSpec::parse(container).unwrap();
        let (host_ip, host_port) = (host.ip(), Some(host.port()));
        HostPorts::open(&[Publish { host_ip, host_port, further_ports: 0, container }])
    }

    /// A port somebody has, whatever the address it is held or wanted by.
    #[test]
    fn a_port_in_use_is_refused_in_every_form_and_its_holder_named() {
        let held_and_wanted = [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "0.0.0.0"),
            ("0.0.0.0", "127.0.0.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("::1", "::1"),
            ("::1", "::"),
            ("::", "::1"),
            ("::", "::"),
        ];
        let has_v6 = std::path::Path::new("/proc/net/tcp6").exists();
        for (held, wanted) in held_and_wanted.into_iter().filter(|(held, _)| has_v6 || !held.contains(':')) {
            for (form, container) in [(SocketType::STREAM, "80"), (SocketType::DGRAM, "80/udp")] {
                let holder = bind(SocketAddr::new(held.parse().unwrap(), 0), form).unwrap();
                let port = UdpSocket::from(holder.try_clone().unwrap()).local_addr().unwrap().port();
                let error = open(SocketAddr::new(wanted.parse().unwrap(), port), container).unwrap_err();
                let (text, own) = (error.to_string(), format!("in use by process {} (", std::process::id()));
                assert!(text.contains(&format!("port {port} (")) && text.contains(&own), "{held}: {text}");
            }
        }
    }

    #[test]
    fn of_a_range_the_first_free_port_is_taken() {
        let holder = TcpListener::from(bind("127.0.0.1:0".parse().unwrap(), SocketType::STREAM).unwrap());
        let held = holder.local_addr().unwrap();
        let container = PortSpec::parse("80").unwrap();
        let of = |further_ports| Publish {
            host_ip: held.ip(),
            host_port: Some(held.port()),
            further_ports,
            container,
        };
        let taken = HostPorts::open(&[of(100), of(100)]).unwrap();
        let ports: Vec<u16> = taken.published().iter().map(|port| port.host.port()).collect();
        assert!(held.port() < ports[0] && ports[0] < ports[1], "{held} {ports:?}");
        let further = ports[1] - held.port();
        let range = (held.port()..=ports[1]).filter(|port| !ports.contains(port) && *port != held.port());
        let _rest: Vec<_> = range.map(|port| TcpListener::bind(("127.0.0.1", port))).collect();
        assert!(matches!(HostPorts::open(&[of(further)]), Err(ForwardError::Busy { .. })));
    }

    #[test]
    fn ipv4_and_ipv6_do_not_take_each_others_ports() {
        if !std::path::Path::new("/proc/net/tcp6").exists() {
            return;
        }
        for (form, container) in [(SocketType::STREAM, "80"), (SocketType::DGRAM, "80/udp")] {
            let first = bind("0.0.0.0:0".parse().unwrap(), form).unwrap();
            let port = UdpSocket::from(first.try_clone().unwrap()).local_addr().unwrap().port();
            open(SocketAddr::new("::".parse().unwrap(), port), container).unwrap();
        }
    }
}
