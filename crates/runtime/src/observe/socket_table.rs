//! /proc/PID/net/{tcp,tcp6,udp,udp6}: who listens where.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use plimsoll_model::Protocol;

/// A socket that waits for others: a listening TCP socket or a bound, unconnected UDP socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListeningSocket {
    /// Where it listens.
    pub address: SocketAddr,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// The socket's inode, as /proc/PID/fd names it.
    pub inode: u64,
}

impl ListeningSocket {
    /// Only programs of the same network namespace reach it.
    pub fn loopback_only(&self) -> bool {
        match self.address.ip() {
            IpAddr::V4(address) => address.is_loopback(),
            IpAddr::V6(address) => {
                address.is_loopback() || address.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
            }
        }
    }
}

/// Every listening socket of the network namespace a process lives in.
pub(crate) fn listening_sockets(pid: &str) -> Vec<ListeningSocket> {
    let mut sockets = Vec::new();
    for (file, protocol) in
        [("tcp", Protocol::Tcp), ("tcp6", Protocol::Tcp), ("udp", Protocol::Udp), ("udp6", Protocol::Udp)]
    {
        // A kernel without IPv6 has no such file.
        let text = fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        sockets.extend(text.lines().skip(1).filter_map(|line| parse_line(line, protocol)));
    }
    sockets
}

/// A line of the table, if the socket listens.
fn parse_line(line: &str, protocol: Protocol) -> Option<ListeningSocket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let (local, remote, state) = (fields.get(1)?, fields.get(2)?, fields.get(3)?);
    // Numbers of include/net/tcp_states.h: TCP_LISTEN, and TCP_CLOSE for an unconnected UDP socket.
    let listens = match protocol {
        Protocol::Tcp => *state == "0A",
        Protocol::Udp => *state == "07" && remote.ends_with(":0000"),
        Protocol::Sctp => false,
    };
    let inode = fields.get(9)?.parse().ok()?;
    let address = parse_address(local).filter(|address| address.port() != 0)?;
    listens.then_some(ListeningSocket { address, protocol, inode })
}

/// `0100007F:1F90`: 32-bit words of the address in the machine's byte order, and the port.
fn parse_address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        u32::from_str_radix(digits, 16).ok().map(u32::to_ne_bytes)
    };
    let ip = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let mut octets = [0; 16];
            for (at, four) in octets.chunks_exact_mut(4).enumerate() {
                four.copy_from_slice(&word(at)?);
            }
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

/// Inodes of the sockets a process holds open; empty if we may not look.
pub(crate) fn sockets_held(pid: u32) -> HashSet<u64> {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return HashSet::new() };
    let inode = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    descriptors.flatten().filter_map(inode).collect()
}

/// The process that holds a port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolder {
    /// Its pid.
    pub pid: u32,
    /// Its name, as `ps` shows it.
    pub name: String,
}

/// Who holds a port of this process' network namespace, as far as /proc tells this user.
pub fn port_holder(wanted: SocketAddr, protocol: Protocol) -> Option<PortHolder> {
    let same_place =
        |address: IpAddr| address == wanted.ip() || address.is_unspecified() || wanted.ip().is_unspecified();
    let inodes: HashSet<u64> = listening_sockets("self")
        .into_iter()
        .filter(|socket| socket.protocol == protocol && socket.address.port() == wanted.port())
        .filter(|socket| same_place(socket.address.ip()))
        .map(|socket| socket.inode)
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let pid = fs::read_dir("/proc")
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .find(|pid| !sockets_held(*pid).is_disjoint(&inodes))?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_string();
    Some(PortHolder { pid, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_families_and_protocols() {
        let tcp =
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 77 1";
        let socket = parse_line(tcp, Protocol::Tcp).unwrap();
        assert_eq!(socket.address.to_string(), "127.0.0.1:8080");
        assert_eq!(socket.inode, 77);
        assert!(socket.loopback_only());

        let any = "   1: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 9";
        let socket = parse_line(any, Protocol::Tcp).unwrap();
        assert_eq!(socket.address.to_string(), "[::]:80");
        assert!(!socket.loopback_only());

        let mapped = "1: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 07 0:0 00:0 0 0 0 9";
        assert!(parse_line(mapped, Protocol::Udp).unwrap().loopback_only());
    }

    #[test]
    fn connections_and_rubbish_are_no_listeners() {
        let connected = "0: 0100007F:1F90 0100007F:9999 01 0:0 00:0 0 0 0 77 1";
        assert_eq!(parse_line(connected, Protocol::Tcp), None);
        let asking = "0: 0100007F:1F90 0100007F:0035 07 0:0 00:0 0 0 0 77 1";
        assert_eq!(parse_line(asking, Protocol::Udp), None);
        for rubbish in ["", "0:", "0: x y 0A a b c d e 1", "0: 0100007é:1F90 :0000 0A 0 0 0 0 0 1"] {
            assert_eq!(parse_line(rubbish, Protocol::Tcp), None, "{rubbish}");
        }
    }

    #[test]
    fn the_holder_of_a_port_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let holder = port_holder(address, Protocol::Tcp).unwrap();
        assert_eq!(holder.pid, std::process::id());
        assert_eq!(port_holder(address, Protocol::Udp), None);
    }
}
