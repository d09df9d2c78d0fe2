//! Whether a program speaks HTTP, and on which path it says that it is well.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use plimsoll_contract::evidence::HttpAnswer;

use crate::network;

/// Paths that health checks usually have, the most telling first.
const CANDIDATES: [&str; 6] = ["/healthz", "/health", "/readyz", "/livez", "/ping", "/"];

/// Longest wait for one answer.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes enough for the status line.
const HEAD: u64 = 256;

/// Ask for candidate paths: the first that is answered with 200 to 399, else the answer to `/`.
/// `None` if the program does not speak HTTP there.
pub fn probe(pid: u32, port: u16) -> Option<HttpAnswer> {
    let root = ask(pid, port, "/")?;
    let well = |status: u16| (200..400).contains(&status);
    let candidates = CANDIDATES.iter().filter(|path| **path != "/");
    let found =
        candidates.map(|path| (*path, ask(pid, port, path))).find(|(_, status)| status.is_some_and(well));
    let (path, status) = match found {
        Some((path, Some(status))) => (path, status),
        _ => ("/", root),
    };
    Some(HttpAnswer { port, path: path.to_string(), status })
}

/// The status code of one GET; `None` if the answer is not HTTP.
pub fn ask(pid: u32, port: u16, path: &str) -> Option<u16> {
    let mut stream = network::connect(pid, port, LIMIT).ok()?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: plimsoll\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut head = Vec::new();
    // A server that resets the connection after its answer has still answered.
    let _ = stream.take(HEAD).read_to_end(&mut head);
    status(&head)
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("HTTP/1."))?;
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(status(b"HTTP/1.0 404\r\n"), Some(404));
        for other in [&b"SSH-2.0-OpenSSH\r\n"[..], b"", b"HTTP/1.1 x", b"HTTP/1.1 999", b"\xff\xfe"] {
            assert_eq!(status(other), None);
        }
    }
}
