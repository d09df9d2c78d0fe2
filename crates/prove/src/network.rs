//! Connections to a program inside its own network namespace.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Connect to 127.0.0.1:`port` as seen by the process `pid`. A thread of its own enters that
/// namespace and ends; a socket stays in the namespace it was made in.
pub fn connect(pid: u32, port: u16, limit: Duration) -> io::Result<TcpStream> {
    let namespace = std::fs::File::open(format!("/proc/{pid}/ns/net"))?;
    let connecting = std::thread::spawn(move || {
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))?;
        let stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(stream)
    });
    connecting.join().unwrap_or_else(|_| Err(io::Error::other("the connecting thread ended early")))
}
