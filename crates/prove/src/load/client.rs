//! One connection that never waits, and what becomes of it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::time::Instant;

use rustix::net::{AddressFamily, SocketFlags, SocketType, connect, socket_with};

use super::response::Response;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With a whole answer of this status; 0 for a greeting.
    Answered(u16),
    /// Reset.
    Reset,
    /// Closed without a whole answer.
    Eof,
    /// Refused.
    Refused,
}

/// What a connection wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A whole HTTP answer.
    Response,
    /// Any byte.
    Greeting,
    /// To be connected.
    Connection,
    /// Nothing: it stays until the other side ends it.
    Nothing,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Client {
    stream: TcpStream,
    wants: Wants,
    to_send: Vec<u8>,
    connected: bool,
    failed: bool,
    response: Response,
    /// When it was begun.
    pub(crate) begun: Instant,
    /// When and how it ended.
    pub(crate) ended: Option<(Instant, Ended)>,
    /// Something was read.
    pub(crate) heard: bool,
}

impl Client {
    /// Begin to connect to a port of the network namespace this thread is in.
    pub(crate) fn begin(port: u16, wants: Wants, to_send: &[u8]) -> io::Result<Client> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        let begun = Instant::now();
        let result = connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port));
        let ended = match result.map_err(io::Error::from) {
            Ok(()) => None,
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => None,
            Err(error) => ended_by(&error).map(|ended| (begun, ended)),
        };
        let stream = TcpStream::from(socket);
        // A burst of small requests must not wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        Ok(Client {
            stream,
            wants,
            to_send: to_send.to_vec(),
            connected: false,
            failed: false,
            response: Response::default(),
            begun,
            ended,
            heard: false,
        })
    }

    /// Send this too, and want this from now on. Nothing is read yet.
    pub(crate) fn send(&mut self, bytes: &[u8], wants: Wants) {
        self.to_send.extend_from_slice(bytes);
        self.wants = wants;
        if self.ended.is_none() && self.connects() {
            self.write();
        }
    }

    /// Our end's port.
    pub(crate) fn port(&self) -> Option<u16> {
        self.stream.local_addr().ok().map(|address| address.port())
    }

    /// Its descriptor, to wait for.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// It waits to be able to write.
    pub(crate) fn wants_to_write(&self) -> bool {
        !self.connected || !self.to_send.is_empty()
    }

    /// Do what can be done without waiting.
    pub(crate) fn advance(&mut self) {
        if self.ended.is_some() || !self.connects() {
            return;
        }
        if self.wants == Wants::Connection {
            return self.end(Ended::Answered(0));
        }
        self.write();
        self.read();
    }

    fn connects(&mut self) -> bool {
        if self.connected {
            return true;
        }
        match self.stream.take_error() {
            Ok(Some(error)) | Err(error) => {
                if let Some(ended) = ended_by(&error) {
                    self.end(ended);
                }
            }
            Ok(None) => self.connected = self.stream.peer_addr().is_ok(),
        }
        self.connected
    }

    fn write(&mut self) {
        while !self.to_send.is_empty() && !self.failed {
            match self.stream.write(&self.to_send) {
                Ok(written) => drop(self.to_send.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // An answer may have come before the other side closed: reading tells.
                Err(_) => self.failed = true,
            }
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    let whole = self.wants == Wants::Response && self.response.ends();
                    return self.end(match self.response.status() {
                        Some(status) if whole => Ended::Answered(status),
                        _ if self.failed => Ended::Reset,
                        _ => Ended::Eof,
                    });
                }
                Ok(read) => {
                    self.heard = true;
                    match self.wants {
                        Wants::Response if self.response.take(&buffer[..read]) => {
                            return self.end(Ended::Answered(self.response.status().unwrap_or(0)));
                        }
                        Wants::Greeting => return self.end(Ended::Answered(0)),
                        _ => {}
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.failed {
                        self.end(Ended::Reset);
                    }
                    return;
                }
                Err(error) => return self.end(ended_by(&error).unwrap_or(Ended::Reset)),
            }
        }
    }

    fn end(&mut self, how: Ended) {
        self.ended = Some((Instant::now(), how));
    }
}

/// An error as an end; `None` for a connection that nobody answered in time.
fn ended_by(error: &io::Error) -> Option<Ended> {
    match error.kind() {
        ErrorKind::ConnectionRefused => Some(Ended::Refused),
        ErrorKind::TimedOut => None,
        _ => Some(Ended::Reset),
    }
}
