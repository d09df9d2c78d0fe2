//! TCP: each connection of the host's port is joined to one made in the container.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::sockopt;

use super::container_sockets::{ContainerSockets, SocketKind};
use super::{EDGES, Token, would_block};
use crate::event_loop::EventLoop;

const BUFFER: usize = 64 << 10;
/// Pieces one connection may move before the others get their turn.
const PIECES_A_TURN: usize = 16;
/// Two descriptors each; the listeners pause at this number until one ends.
const MOST_CONNECTIONS: usize = 4096;

/// All TCP ports of a container.
#[derive(Debug)]
pub(super) struct TcpForward {
    listeners: Vec<(TcpListener, u16)>,
    paused: bool,
    connections: Vec<Option<Connection>>,
    free: Vec<u32>,
    /// Ended in this turn: their numbers are given out again only in the next one, since events of
    /// this turn may still name them.
    ended: Vec<u32>,
    /// Stopped in the middle of their data, to be continued.
    unfinished: Vec<u32>,
    buffer: Vec<u8>,
}

impl TcpForward {
    pub fn start(listeners: Vec<(TcpListener, u16)>, events: &EventLoop) -> io::Result<Self> {
        let forward = TcpForward {
            listeners,
            paused: true,
            connections: Vec::new(),
            free: Vec::new(),
            ended: Vec::new(),
            unfinished: Vec::new(),
            buffer: Vec::new(),
        };
        forward.listen(events)?;
        Ok(TcpForward { paused: false, ..forward })
    }

    fn listen(&self, events: &EventLoop) -> io::Result<()> {
        for (at, (listener, _)) in (0..).zip(&self.listeners) {
            events.add(listener, Token::Listener(at).number(), EventFlags::IN)?;
        }
        Ok(())
    }

    /// Connections wait at a listener.
    pub fn accept(&mut self, listener: u32, sockets: &mut ContainerSockets, events: &EventLoop) {
        for _ in 0..PIECES_A_TURN {
            let Some((socket, port)) = self.listeners.get(listener as usize) else { return };
            let client = match socket.accept() {
                Ok((client, _)) => client,
                Err(error) if would_block(&error) => return,
                // The client is gone already.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                // No descriptors left: the waiting connections stay where they are.
                Err(_) => return self.pause(events),
            };
            if let Ok(connection) = Connection::begin(client, *port, sockets) {
                self.add(connection, events);
            }
            if self.connections.len() - self.free.len() - self.ended.len() >= MOST_CONNECTIONS {
                return self.pause(events);
            }
        }
    }

    fn pause(&mut self, events: &EventLoop) {
        self.paused = true;
        for (listener, _) in &self.listeners {
            events.remove(listener);
        }
    }

    fn add(&mut self, connection: Connection, events: &EventLoop) {
        let at = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            (self.connections.len() - 1) as u32
        });
        let token = Token::Connection(at).number();
        let watched = events
            .add(&connection.client, token, EDGES)
            .and_then(|()| events.add(&connection.server, token, EDGES));
        if watched.is_ok() {
            self.connections[at as usize] = Some(connection);
        } else {
            self.free.push(at);
        }
    }

    /// Something happened at one of the two ends of a connection.
    pub fn ready(&mut self, at: u32, flags: EventFlags, sockets: &mut ContainerSockets, events: &EventLoop) {
        let Some(Some(connection)) = self.connections.get_mut(at as usize) else { return };
        self.buffer.resize(BUFFER, 0);
        let next = match connection.connected(flags.contains(EventFlags::HUP), sockets) {
            Ok(Connecting::Done) => connection.pump(&mut self.buffer),
            Ok(Connecting::Waiting) => Ok(Next::Wait),
            Ok(Connecting::Retried) => {
                let token = Token::Connection(at).number();
                events.add(&connection.server, token, EDGES).map(|()| Next::Wait)
            }
            Err(error) => Err(error),
        };
        match next {
            Ok(Next::Wait) => {}
            Ok(Next::Continue) => self.unfinished.push(at),
            Ok(Next::End) => self.end(at),
            Err(_) => {
                connection.reset();
                self.end(at);
            }
        }
    }

    fn end(&mut self, at: u32) {
        self.connections[at as usize] = None;
        self.ended.push(at);
    }

    /// Continue what was left unfinished once; true if there is still more.
    pub fn end_turn(&mut self, events: &EventLoop) -> bool {
        for at in std::mem::take(&mut self.unfinished) {
            let Some(Some(connection)) = self.connections.get_mut(at as usize) else { continue };
            match connection.pump(&mut self.buffer) {
                Ok(Next::Wait) => {}
                Ok(Next::Continue) => self.unfinished.push(at),
                Ok(Next::End) => self.end(at),
                Err(_) => {
                    connection.reset();
                    self.end(at);
                }
            }
        }
        if self.paused && !self.ended.is_empty() {
            self.paused = self.listen(events).is_err();
        }
        self.free.append(&mut self.ended);
        if self.free.len() == self.connections.len() {
            // Nobody is connected: give the memory back.
            self.buffer = Vec::new();
        }
        !self.unfinished.is_empty()
    }
}

/// A client of the host's port and the server in the container.
#[derive(Debug)]
struct Connection {
    client: TcpStream,
    server: TcpStream,
    port: u16,
    stage: Stage,
    request: Half,
    answer: Half,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    ConnectingV4,
    ConnectingV6,
    Connected,
}

enum Connecting {
    Done,
    Waiting,
    /// A new server socket takes the place of the refused one.
    Retried,
}

enum Next {
    Wait,
    Continue,
    End,
}

impl Connection {
    fn begin(client: TcpStream, port: u16, sockets: &mut ContainerSockets) -> io::Result<Self> {
        client.set_nonblocking(true)?;
        // What arrives in one piece goes on in one piece.
        client.set_nodelay(true)?;
        let server = connect(sockets.v4.into(), port, sockets)?;
        let (request, answer) = (Half::default(), Half::default());
        Ok(Connection { client, server, port, stage: Stage::ConnectingV4, request, answer })
    }

    /// Find out whether the server has answered. A program that listens on IPv6 only is tried second.
    fn connected(&mut self, hung_up: bool, sockets: &mut ContainerSockets) -> io::Result<Connecting> {
        if self.stage == Stage::Connected {
            return Ok(Connecting::Done);
        }
        if self.server.peer_addr().is_ok() {
            self.stage = Stage::Connected;
            return Ok(Connecting::Done);
        }
        let refused =
            self.server.take_error()?.or_else(|| hung_up.then(|| ErrorKind::ConnectionRefused.into()));
        let second = sockets.v6.filter(|_| self.stage == Stage::ConnectingV4);
        match (refused, second) {
            (Some(_), Some(v6)) => {
                self.server = connect(v6.into(), self.port, sockets)?;
                self.stage = Stage::ConnectingV6;
                Ok(Connecting::Retried)
            }
            (Some(error), None) => Err(error),
            (None, _) => Ok(Connecting::Waiting),
        }
    }

    fn pump(&mut self, buffer: &mut [u8]) -> io::Result<Next> {
        let request = self.request.pump(&self.client, &self.server, buffer)?;
        let answer = self.answer.pump(&self.server, &self.client, buffer)?;
        if self.request.shut && self.answer.shut {
            return Ok(Next::End);
        }
        Ok(if request || answer { Next::Continue } else { Next::Wait })
    }

    /// One end was reset or refused: so is the other, instead of looking like a proper end.
    fn reset(&self) {
        for end in [&self.client, &self.server] {
            // Best effort: the connection is over in any case.
            let _ = sockopt::set_socket_linger(end.as_fd(), Some(Duration::ZERO));
        }
    }
}

fn connect(ip: IpAddr, port: u16, sockets: &mut ContainerSockets) -> io::Result<TcpStream> {
    let socket = sockets.take(SocketKind { v6: ip.is_ipv6(), stream: true })?;
    match rustix::net::connect(&socket, &SocketAddr::new(ip, port)) {
        // A refusal that comes at once shows like that of a connection under way: by its events.
        Ok(()) | Err(Errno::INPROGRESS | Errno::CONNREFUSED) => {}
        Err(error) => return Err(error.into()),
    }
    let stream = TcpStream::from(socket);
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One direction of a connection.
#[derive(Debug, Default)]
struct Half {
    /// Read and not yet written, because the reader is slow.
    waiting: Vec<u8>,
    /// The writer has finished.
    ended: bool,
    /// The reader was told so.
    shut: bool,
}

impl Half {
    /// Move what can be moved without waiting; true if the turn ended before the data did.
    fn pump(&mut self, from: &TcpStream, to: &TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
        if self.shut {
            return Ok(false);
        }
        for _ in 0..PIECES_A_TURN {
            if !self.waiting.is_empty() {
                let written = write_some(to, &self.waiting)?;
                self.waiting.drain(..written);
                if !self.waiting.is_empty() {
                    return Ok(false);
                }
                self.waiting = Vec::new();
            }
            if self.ended {
                self.shut = true;
                shut(to)?;
                return Ok(false);
            }
            let mut from = from;
            match from.read(buffer) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    let written = write_some(to, &buffer[..read])?;
                    self.waiting.extend_from_slice(&buffer[written..read]);
                }
                Err(error) if would_block(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

/// Write as much as fits.
fn write_some(mut to: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match to.write(&bytes[written..]) {
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if would_block(&error) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

fn shut(to: &TcpStream) -> io::Result<()> {
    match to.shutdown(Shutdown::Write) {
        // It has closed already.
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
        other => other,
    }
}
