//! DNS messages (RFC 1035 section 4): a question out, addresses in. Bytes only, no network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is asked about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// IPv4 addresses.
    A = 1,
    /// IPv6 addresses (RFC 3596).
    Aaaa = 28,
}

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// The addresses; none if the name has others than those asked for.
    Addresses(Vec<IpAddr>),
    /// There is no such name.
    NoSuchName,
    /// The server could not find out, with its code.
    Failed(u8),
    /// The answer does not fit into a datagram.
    Truncated,
}

const HEADER: usize = 12;
const INTERNET: u16 = 1;

/// A question, `None` for a name that DNS cannot carry.
pub(super) fn question(id: u16, name: &str, kind: Kind) -> Option<Vec<u8>> {
    let name = name.trim_end_matches('.');
    if name.is_empty() || name.len() > 253 {
        return None;
    }
    let mut message = id.to_be_bytes().to_vec();
    // Recursion desired; one question.
    message.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        message.push(length);
        message.extend_from_slice(label.as_bytes());
    }
    message.push(0);
    message.extend_from_slice(&(kind as u16).to_be_bytes());
    message.extend_from_slice(&INTERNET.to_be_bytes());
    Some(message)
}

/// Read an answer to this question; `None` for anything else.
pub(super) fn reply(message: &[u8], question: &[u8]) -> Option<Reply> {
    let header = message.get(..HEADER)?;
    let is_answer = header[2] & 0x80 != 0 && header[..2] == question[..2] && header[4..6] == [0, 1];
    let asked = question.get(HEADER..)?;
    let echoed = message.get(HEADER..question.len())?;
    if !is_answer || !echoed.eq_ignore_ascii_case(asked) {
        return None;
    }
    match (header[3] & 0x0f, header[2] & 0x02 != 0) {
        (0, true) => Some(Reply::Truncated),
        (0, false) => {
            let count = u16::from_be_bytes([header[6], header[7]]);
            Some(Reply::Addresses(addresses(message, question.len(), count)))
        }
        (3, _) => Some(Reply::NoSuchName),
        (code, _) => Some(Reply::Failed(code)),
    }
}

/// All addresses of the answer section. A recursive server puts the end of a chain of aliases there
/// too, so the names need not be followed. Reading stops at the first record that is cut.
fn addresses(message: &[u8], start: usize, count: u16) -> Vec<IpAddr> {
    let (mut found, mut at) = (Vec::new(), start);
    for _ in 0..count {
        let Some((record, next)) = record(message, at) else { break };
        found.extend(record);
        at = next;
    }
    found
}

/// The address in one record, if it is one, and where the next begins.
fn record(message: &[u8], at: usize) -> Option<(Option<IpAddr>, usize)> {
    let at = skip_name(message, at)?;
    let fixed = message.get(at..at + 10)?;
    let number = |from: usize| u16::from_be_bytes([fixed[from], fixed[from + 1]]);
    let (kind, class, length) = (number(0), number(2), usize::from(number(8)));
    let data = message.get(at + 10..at + 10 + length)?;
    let address = match (kind, class) {
        (1, INTERNET) => <[u8; 4]>::try_from(data).ok().map(|raw| IpAddr::from(Ipv4Addr::from(raw))),
        (28, INTERNET) => <[u8; 16]>::try_from(data).ok().map(|raw| IpAddr::from(Ipv6Addr::from(raw))),
        _ => None,
    };
    Some((address, at + 10 + length))
}

/// Behind a name: labels up to an empty one or a pointer, which ends the name and is not followed.
fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer a server gives: `records` are (kind, data).
    fn answer(question: &[u8], code: u8, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut message = question.to_vec();
        message[2] |= 0x80;
        message[3] = code;
        message[7] = records.len() as u8;
        for (kind, data) in records {
            message.extend_from_slice(&[0xc0, 12]);
            message.extend_from_slice(&kind.to_be_bytes());
            message.extend_from_slice(&[0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
            message.extend_from_slice(data);
        }
        message
    }

    #[test]
    fn questions() {
        let message = question(0x1234, "r.example.", Kind::Aaaa).unwrap();
        assert_eq!(message, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x01r\x07example\0\0\x1c\0\x01");
        for bad in ["", ".", "a..b", &"x".repeat(64), &"x.".repeat(130)] {
            assert_eq!(question(1, bad, Kind::A), None, "{bad}");
        }
    }

    #[test]
    fn answers() {
        let asked = question(7, "r.example", Kind::A).unwrap();
        let read = |code, records: &[(u16, &[u8])]| reply(&answer(&asked, code, records), &asked);
        let alias = (5, &b"\x01x\0"[..]);
        assert_eq!(
            read(0, &[alias, (1, &[10, 0, 0, 1]), (1, &[10, 0, 0, 2])]),
            Some(Reply::Addresses(vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()]))
        );
        assert_eq!(read(0, &[]), Some(Reply::Addresses(Vec::new())));
        assert_eq!(read(3, &[]), Some(Reply::NoSuchName));
        assert_eq!(read(2, &[]), Some(Reply::Failed(2)));
        let other = question(8, "r.example", Kind::A).unwrap();
        assert_eq!(reply(&answer(&other, 0, &[]), &asked), None);
        let other = question(7, "evil.example", Kind::A).unwrap();
        assert_eq!(reply(&answer(&other, 0, &[]), &asked), None);
    }

    #[test]
    fn cut_answers_end() {
        let asked = question(7, "r.example", Kind::A).unwrap();
        let whole = answer(&asked, 0, &[(1, &[10, 0, 0, 1]), (28, &[0; 16])]);
        for length in 0..whole.len() {
            let read = reply(&whole[..length], &asked);
            assert_eq!(read.is_some(), length >= asked.len(), "{length}");
        }
        assert_eq!(skip_name(&[0xff; 600], 0), Some(2));
        assert_eq!(skip_name(&[1; 9], 0), None);
    }
}
