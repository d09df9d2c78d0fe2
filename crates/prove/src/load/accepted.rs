//! Which connections the program has accepted. The kernel completes a handshake without it: until the
//! program asks, the connection waits in the listen queue, and its socket has no inode yet.

use std::collections::HashSet;

/// The ports of clients whose connection to `port` the program has taken, in the network namespace this
/// thread is in.
pub(super) fn accepted(port: u16) -> HashSet<u16> {
    let mut clients = HashSet::new();
    for file in ["tcp", "tcp6"] {
        // A kernel without IPv6 has no such file.
        let table = std::fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        clients.extend(table.lines().skip(1).filter_map(|line| client_of(line, port)));
    }
    clients
}

/// The client's port, if this line of /proc/net/tcp is the program's end of an accepted connection.
fn client_of(line: &str, port: u16) -> Option<u16> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let number = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let (local, remote) = (number(fields.get(1)?)?, number(fields.get(2)?)?);
    (local == port && remote != 0 && *fields.get(9)? != "0").then_some(remote)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_in_the_queue_is_told_from_an_accepted_one() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let own = client.local_addr().unwrap().port();
        assert!(!accepted(address.port()).contains(&own), "nobody has accepted it");
        let _taken = listener.accept().unwrap();
        assert!(accepted(address.port()).contains(&own));
    }
}
