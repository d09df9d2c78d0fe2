//! Connections to a program inside its own network namespace.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use plimsoll_runtime::network::namespace;

/// Connect to an address as seen by the process `pid`.
pub fn connect(pid: u32, address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    namespace::inside(&namespace::of_process(pid)?, || {
        let stream = TcpStream::connect_timeout(&address, limit)?;
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(stream)
    })
}

/// Where to connect to reach a socket bound to this address, best first. What is bound to every IPv6
/// address takes IPv4 connections, too, unless it was told not to (ipv6(7), IPV6_V6ONLY).
pub fn ways_to(bound: SocketAddr) -> Vec<SocketAddr> {
    let port = bound.port();
    let at = |ip: IpAddr| SocketAddr::new(ip, port);
    match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => vec![at(Ipv4Addr::LOCALHOST.into())],
        IpAddr::V6(ip) if ip.is_unspecified() => {
            vec![at(Ipv4Addr::LOCALHOST.into()), at(Ipv6Addr::LOCALHOST.into())]
        }
        ip => vec![at(ip)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_reached_over_loopback() {
        let ways =
            |bound: &str| ways_to(bound.parse().unwrap()).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(ways("0.0.0.0:80"), ["127.0.0.1:80"]);
        assert_eq!(ways("[::]:80"), ["127.0.0.1:80", "[::1]:80"]);
        assert_eq!(ways("127.0.0.2:80"), ["127.0.0.2:80"]);
        assert_eq!(ways("[::1]:80"), ["[::1]:80"]);
    }
}
