//! Which protocol bytes belong to. They come from a program that may say anything: nothing here keeps more
//! than one short line of them, and no control character.

use plimsoll_contract::evidence::Speaks;

/// Longest line kept, in characters.
const LINE: usize = 80;

/// The status of an answer to an HTTP request; `None` if it is no HTTP.
pub fn http_status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    words.next().filter(|word| word.starts_with("HTTP/1."))?;
    words.next()?.parse().ok().filter(|status| (100..600).contains(status))
}

/// A TLS alert (RFC 8446, section 5.1: type 21, version 3.x): what a server of TLS says to plain text.
pub fn is_tls_alert(bytes: &[u8]) -> bool {
    matches!(bytes, [21, 3, 0..=4, ..])
}

/// What speaks first.
pub fn greeting(bytes: &[u8]) -> Speaks {
    if let Some(version) = mysql_version(bytes) {
        return Speaks::Greeting { protocol: Some("MySQL".to_string()), line: first_line(version) };
    }
    let line = first_line(bytes);
    Speaks::Greeting { protocol: protocol_of(&line).map(str::to_string), line }
}

/// By the words that the protocols' own texts prescribe.
fn protocol_of(line: &str) -> Option<&'static str> {
    let upper = line.to_ascii_uppercase();
    let word = |wanted: &str| upper.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == wanted);
    match () {
        // RFC 4253, section 4.2
        () if line.starts_with("SSH-") => Some("SSH"),
        // RFC 5321, section 4.2; RFC 959, section 5.4: both greet with 220
        () if line.starts_with("220") && (word("ESMTP") || word("SMTP")) => Some("SMTP"),
        () if line.starts_with("220") && (upper.contains("FTP")) => Some("FTP"),
        () if line.starts_with("220") => Some("SMTP or FTP"),
        // RFC 1939, section 4; RFC 9051, section 7.1.1; RFC 3977, section 5.1
        () if line.starts_with("+OK") => Some("POP3"),
        () if line.starts_with("* OK") || line.starts_with("* PREAUTH") => Some("IMAP"),
        () if line.starts_with("200 ") || line.starts_with("201 ") => Some("NNTP"),
        // RFC 6143, section 7.1.1
        () if line.starts_with("RFB ") => Some("VNC"),
        // NATS protocol: INFO {...}
        () if line.starts_with("INFO {") => Some("NATS"),
        () => None,
    }
}

/// The initial handshake of MySQL and MariaDB: three bytes of length, packet 0, protocol 10, then the
/// version up to a zero byte (MySQL internals, Protocol::HandshakeV10).
fn mysql_version(bytes: &[u8]) -> Option<&[u8]> {
    let [low, middle, high, 0, 10, version @ ..] = bytes else { return None };
    let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
    let end = version.iter().position(|byte| *byte == 0)?;
    let version = &version[..end];
    let plausible = !version.is_empty() && version.iter().all(u8::is_ascii_graphic);
    (plausible && (end + 2..65_536).contains(&length)).then_some(version)
}

/// The first line in printable characters, not too long. Telnet's commands (RFC 854: 255 and two more
/// bytes) are no text.
pub fn first_line(bytes: &[u8]) -> String {
    let mut bytes = bytes;
    while let [255, 251..=254, _, rest @ ..] = bytes {
        bytes = rest;
    }
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * LINE)]).into_owned();
    let printable = |c: &char| !c.is_control() && !is_invisible(*c);
    text.chars().filter(printable).take(LINE).collect::<String>().trim().to_string()
}

/// Characters that turn or hide the text around them (Unicode bidirectional controls, zero width).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(bytes: &[u8]) -> (Option<String>, String) {
        match greeting(bytes) {
            Speaks::Greeting { protocol, line } => (protocol, line),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_http_has_a_status() {
        assert_eq!(http_status(b"HTTP/1.1 200 OK\r\n"), Some(200));
        assert_eq!(http_status(b"HTTP/1.0 404\r\n"), Some(404));
        for other in [&b"SSH-2.0-OpenSSH\r\n"[..], b"", b"HTTP/1.1 x", b"HTTP/1.1 999", b"\xff\xfe"] {
            assert_eq!(http_status(other), None);
        }
    }

    #[test]
    fn greetings_tell_their_protocol() {
        for (bytes, protocol) in [
            (&b"SSH-2.0-dropbear_2022.83\r\n"[..], Some("SSH")),
            (b"220 mail.example ESMTP Postfix\r\n", Some("SMTP")),
            (b"220 (vsFTPd 3.0.3)\r\n", Some("FTP")),
            (b"220 ProFTPD Server\r\n", Some("FTP")),
            (b"220 hello\r\n", Some("SMTP or FTP")),
            (b"+OK ready\r\n", Some("POP3")),
            (b"* OK [CAPABILITY IMAP4rev1] ready\r\n", Some("IMAP")),
            (b"RFB 003.008\n", Some("VNC")),
            (b"INFO {\"server_id\":\"x\"}\r\n", Some("NATS")),
            (b"hello, who are you?\n", None),
            (b"", None),
        ] {
            assert_eq!(heard(bytes).0.as_deref(), protocol, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn mysql_tells_its_version_in_a_packet() {
        let mut packet = vec![0x4a, 0, 0, 0, 10];
        packet.extend_from_slice(b"8.0.36\0rest of it");
        assert_eq!(heard(&packet), (Some("MySQL".into()), "8.0.36".into()));
        // A length that cannot hold the version, and no end.
        assert_eq!(heard(b"\x01\0\0\0\x0a8.0.36\0").0, None);
        assert_eq!(heard(b"\x4a\0\0\0\x0a8.0.36").0, None);
    }

    #[test]
    fn hostile_lines_become_short_and_printable() {
        let hostile =
            [&b"\xff\xfb\x01\xff\xfd\x03login\x1b[2J\x07\xe2\x80\xaeevil\xff"[..], &[b'x'; 500]].concat();
        let line = first_line(&hostile);
        assert!(line.starts_with("login[2Jevil") && line.chars().count() == 80, "{line:?}");
        assert_eq!(first_line(b"one\ntwo"), "one");
        assert_eq!(first_line(&[255, 251]), "\u{fffd}\u{fffd}");
    }

    #[test]
    fn tls_answers_plain_text_with_an_alert() {
        assert!(is_tls_alert(&[21, 3, 1, 0, 2, 2, 70]) && is_tls_alert(&[21, 3, 3]));
        assert!(!is_tls_alert(b"HTTP/1.1 400") && !is_tls_alert(&[22, 3, 1]) && !is_tls_alert(&[]));
    }
}
