//! On which path a program that speaks HTTP says that it is well.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use crate::network;
use crate::protocol::http_status;

/// Paths that health checks usually have, the most telling first.
const CANDIDATES: [&str; 5] = ["/healthz", "/health", "/readyz", "/livez", "/ping"];

/// A path that nobody serves by intention.
const NOWHERE: &str = "/plimsoll-asks-for-a-path-that-is-not-there";

/// Longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes enough for the status line.
const HEAD: u64 = 256;

/// Whether a status says that all is well: Kubernetes' rule for probes.
pub fn is_well(status: u16) -> bool {
    (200..400).contains(&status)
}

/// The first candidate path that is answered well, else `/` with the answer it had. Of a program that
/// answers every path well none says more than `/`.
pub fn best_path(pid: u32, address: SocketAddr, root: u16) -> (String, u16) {
    let well = |path: &str| ask(pid, address, path).ok().filter(|status| is_well(*status));
    let found = CANDIDATES.iter().find_map(|path| Some((path.to_string(), well(path)?)));
    match found {
        Some(found) if well(NOWHERE).is_none() => found,
        _ => ("/".to_string(), root),
    }
}

/// The status code of one GET, or why there is none.
pub fn ask(pid: u32, address: SocketAddr, path: &str) -> Result<u16, String> {
    let mut stream = network::connect(pid, address, LIMIT).map_err(|error| reason(&error))?;
    stream.write_all(&request(path)).map_err(|error| reason(&error))?;
    let mut head = Vec::new();
    // A server that resets the connection after its answer has still answered.
    let read = stream.take(HEAD).read_to_end(&mut head);
    match (http_status(&head), read) {
        (Some(status), _) => Ok(status),
        (None, Err(error)) if head.is_empty() => Err(reason(&error)),
        (None, _) if head.is_empty() => Err("the connection was closed without an answer".to_string()),
        (None, _) => Err("the answer is no HTTP".to_string()),
    }
}

/// The request, as Kubernetes' prober asks.
pub fn request(path: &str) -> Vec<u8> {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: plimsoll\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// A failed connection in words.
pub fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused => "the connection was refused".to_string(),
        ErrorKind::ConnectionReset => "the connection was reset".to_string(),
        ErrorKind::TimedOut | ErrorKind::WouldBlock => format!("no answer within {} s", LIMIT.as_secs()),
        _ => error.to_string(),
    }
}
