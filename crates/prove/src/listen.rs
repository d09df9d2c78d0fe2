//! Where a program listens and what it speaks there.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{PortFact, Speaks};
use plimsoll_model::{PortSpec, Protocol};
use plimsoll_runtime::observe::ListeningSocket;

use crate::protocol::{first_line, greeting, http_status, is_tls_alert};
use crate::{http, network};

/// Ports looked at: a program with more is looked at in part.
const PORTS: usize = 16;
/// Longest wait for the first byte of an answer.
const ANSWER: Duration = Duration::from_secs(1);
/// Longest wait for somebody who speaks first.
const GREETING: Duration = Duration::from_millis(300);
/// Bytes of an answer that are read: enough for its first line.
const HEAD: usize = 512;

/// A port and where it can be reached, for those that can be asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What was found.
    pub fact: PortFact,
    /// An address that takes connections.
    pub reached: Option<SocketAddr>,
}

/// Look at every port listened on.
pub fn hear(pid: u32, sockets: &[ListeningSocket], exposed: &[PortSpec]) -> Vec<Heard> {
    let mut ports: Vec<PortSpec> = sockets.iter().map(port_of).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
        .into_iter()
        .take(PORTS)
        .map(|port| {
            let bound: Vec<&ListeningSocket> =
                sockets.iter().filter(|socket| port_of(socket) == port).collect();
            hear_port(pid, port, &bound, exposed.contains(&port))
        })
        .collect()
}

fn port_of(socket: &ListeningSocket) -> PortSpec {
    PortSpec { number: socket.address.port(), protocol: socket.protocol }
}

fn hear_port(pid: u32, port: PortSpec, bound: &[&ListeningSocket], exposed: bool) -> Heard {
    let mut addresses: Vec<String> = bound.iter().map(|socket| socket.address.ip().to_string()).collect();
    addresses.sort();
    addresses.dedup();
    let mut fact = PortFact {
        port,
        addresses,
        exposed,
        loopback_only: bound.iter().all(|socket| socket.loopback_only()),
        ipv4: bound.iter().any(|socket| socket.address.is_ipv4()),
        ipv6: bound.iter().any(|socket| socket.address.is_ipv6()),
        speaks: Speaks::Datagrams,
    };
    if port.protocol != Protocol::Tcp {
        return Heard { fact, reached: None };
    }
    let mut ways: Vec<SocketAddr> =
        bound.iter().flat_map(|socket| network::ways_to(socket.address)).collect();
    ways.sort_by_key(SocketAddr::is_ipv6);
    ways.dedup();
    let tried: Vec<(SocketAddr, Result<(), String>)> = ways
        .into_iter()
        .map(|way| (way, network::connect(pid, way, ANSWER).map(drop).map_err(|e| http::reason(&e))))
        .collect();
    let works = |v6: bool| tried.iter().any(|(way, result)| way.is_ipv6() == v6 && result.is_ok());
    (fact.ipv4, fact.ipv6) = (works(false), works(true));
    let reached = tried.iter().find(|(_, result)| result.is_ok()).map(|(way, _)| *way);
    fact.speaks = match reached {
        Some(address) => hear_address(pid, address),
        None => Speaks::Unreachable {
            why: tried.iter().find_map(|(_, result)| result.clone().err()).unwrap_or_default(),
        },
    };
    Heard { fact, reached }
}

/// An HTTP request first, alone: a program that serves one after another would keep it waiting behind a
/// connection that says nothing. What it answers otherwise may be a greeting, which then comes unasked,
/// too.
fn hear_address(pid: u32, address: SocketAddr) -> Speaks {
    let unreachable = |error: std::io::Error| Speaks::Unreachable { why: http::reason(&error) };
    let answer = match network::connect(pid, address, ANSWER) {
        Ok(mut stream) => {
            // One that is gone already has nothing to say.
            let _ = stream.write_all(&http::request("/"));
            first_bytes(&mut stream, ANSWER)
        }
        Err(error) => return unreachable(error),
    };
    if let Some(status) = http_status(&answer) {
        let (path, status) = http::best_path(pid, address, status);
        return Speaks::Http { path, status };
    }
    if is_tls_alert(&answer) {
        return Speaks::Tls;
    }
    if answer.is_empty() {
        return Speaks::Silent;
    }
    match greets(pid, address) {
        Ok(unasked) if !unasked.is_empty() => greeting(&unasked),
        Ok(_) => Speaks::Other { line: first_line(&answer) },
        Err(error) => unreachable(error),
    }
}

/// What a program says to whoever connects and says nothing.
pub fn greets(pid: u32, address: SocketAddr) -> std::io::Result<Vec<u8>> {
    let mut stream = network::connect(pid, address, ANSWER)?;
    Ok(first_bytes(&mut stream, GREETING))
}

/// Up to the first line end, the end of the connection, or of the time.
fn first_bytes(stream: &mut TcpStream, limit: Duration) -> Vec<u8> {
    let end = Instant::now() + limit;
    let mut bytes = Vec::new();
    let mut part = [0; HEAD];
    while bytes.len() < HEAD && !bytes.contains(&b'\n') {
        let left = end.saturating_duration_since(Instant::now());
        // A time of zero would mean to wait for ever.
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            break;
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => break,
            Ok(length) => bytes.extend_from_slice(&part[..length]),
        }
        // A packet of MySQL has no line end; what follows its first bytes comes with them.
        if bytes.get(3..5) == Some(&[0, 10][..]) || is_tls_alert(&bytes) {
            break;
        }
    }
    bytes
}
