//! UDP: each client of the host's port has a socket of its own in the container, by which answers
//! find their way back, until it has been quiet for a while.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::epoll::EventFlags;

use super::Token;
use super::container_sockets::{ContainerSockets, SocketKind};
use crate::event_loop::EventLoop;

/// A client this long quiet is forgotten (docker-proxy: 90 s).
pub(super) const IDLE: Duration = Duration::from_secs(90);
/// The longest quiet one makes room for a new one.
const MOST_FLOWS: usize = 1024;
const LARGEST_DATAGRAM: usize = 64 << 10;
/// Datagrams one socket may move before the others get their turn.
const DATAGRAMS_A_TURN: usize = 64;

/// All UDP ports of a container.
#[derive(Debug)]
pub(super) struct UdpForward {
    ports: Vec<(UdpSocket, u16)>,
    flows: HashMap<u32, Flow>,
    clients: HashMap<(u32, SocketAddr), u32>,
    next: u32,
    buffer: Vec<u8>,
}

#[derive(Debug)]
struct Flow {
    port: u32,
    client: SocketAddr,
    /// In the container, connected to the server.
    socket: UdpSocket,
    last: Instant,
}

impl UdpForward {
    pub fn start(ports: Vec<(UdpSocket, u16)>, events: &EventLoop) -> io::Result<Self> {
        for (at, (socket, _)) in (0..).zip(&ports) {
            events.add(socket, Token::UdpPort(at).number(), EventFlags::IN)?;
        }
        let buffer = if ports.is_empty() { Vec::new() } else { vec![0; LARGEST_DATAGRAM] };
        Ok(UdpForward { ports, flows: HashMap::new(), clients: HashMap::new(), next: 0, buffer })
    }

    pub fn has_flows(&self) -> bool {
        !self.flows.is_empty()
    }

    /// Datagrams wait at a port of the host. What cannot be delivered is lost, as datagrams are.
    pub fn carry_in(&mut self, port: u32, now: Instant, sockets: &mut ContainerSockets, events: &EventLoop) {
        for _ in 0..DATAGRAMS_A_TURN {
            let Some((host, target)) = self.ports.get(port as usize) else { return };
            let Ok((length, client)) = host.recv_from(&mut self.buffer) else { return };
            let target = *target;
            let known = self.clients.get(&(port, client)).copied();
            let Some(at) = known.or_else(|| self.meet(port, client, target, now, sockets, events)) else {
                continue;
            };
            if let Some(flow) = self.flows.get_mut(&at) {
                flow.last = now;
                // A refusal of an earlier datagram is reported here first.
                if flow.socket.send(&self.buffer[..length]).is_err() {
                    let _ = flow.socket.send(&self.buffer[..length]);
                }
            }
        }
    }

    fn meet(
        &mut self,
        port: u32,
        client: SocketAddr,
        target: u16,
        now: Instant,
        sockets: &mut ContainerSockets,
        events: &EventLoop,
    ) -> Option<u32> {
        if self.flows.len() >= MOST_FLOWS {
            let quietest = self.flows.iter().min_by_key(|(_, flow)| flow.last).map(|(at, _)| *at)?;
            self.forget(quietest);
        }
        let socket = UdpSocket::from(sockets.take(SocketKind { v6: false, stream: false }).ok()?);
        socket.connect((sockets.v4, target)).ok()?;
        let at = self.next;
        self.next = self.next.wrapping_add(1);
        events.add(&socket, Token::UdpFlow(at).number(), EventFlags::IN).ok()?;
        self.flows.insert(at, Flow { port, client, socket, last: now });
        self.clients.insert((port, client), at);
        Some(at)
    }

    /// Answers wait at a socket in the container.
    pub fn carry_out(&mut self, at: u32, now: Instant) {
        for _ in 0..DATAGRAMS_A_TURN {
            let Some(flow) = self.flows.get_mut(&at) else { return };
            let Ok(length) = flow.socket.recv(&mut self.buffer) else { return };
            flow.last = now;
            if let Some((host, _)) = self.ports.get(flow.port as usize) {
                let _ = host.send_to(&self.buffer[..length], flow.client);
            }
        }
    }

    pub fn forget_idle(&mut self, now: Instant) {
        let idle = |flow: &Flow| now.duration_since(flow.last) > IDLE;
        let quiet: Vec<u32> = self.flows.iter().filter(|(_, flow)| idle(flow)).map(|(at, _)| *at).collect();
        quiet.into_iter().for_each(|at| self.forget(at));
    }

    fn forget(&mut self, at: u32) {
        if let Some(flow) = self.flows.remove(&at) {
            self.clients.remove(&(flow.port, flow.client));
        }
    }
}
