//! One line of a CRI log: `2026-11-22T10:00:00.000000000Z stdout F text`.
//!
//! Source: kubernetes design "CRI log format"; the same lines are podman's k8s-file. The tag is `F`
//! for a full line and `P` for a part of one, whose text is continued by the stream's next line.

use jiff::Timestamp;

use super::Stream;

/// A line taken apart; the text is as it was written, without its line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogLine<'text> {
    pub time: Timestamp,
    pub stream: Stream,
    /// The text does not end a line.
    pub partial: bool,
    pub text: &'text [u8],
}

impl LogLine<'_> {
    /// Append the line to a buffer.
    pub fn write(&self, buffer: &mut Vec<u8>) {
        let stream = match self.stream {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        };
        let tag = if self.partial { 'P' } else { 'F' };
        buffer.extend_from_slice(format!("{:.9} {stream} {tag} ", self.time).as_bytes());
        buffer.extend_from_slice(self.text);
        buffer.push(b'\n');
    }

    /// Take a line without its line end apart; `None` for what is no log line, as the last one of a
    /// monitor that was killed.
    pub fn read(line: &[u8]) -> Option<LogLine<'_>> {
        let mut parts = line.splitn(4, |byte| *byte == b' ');
        let time = str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let stream = match parts.next()? {
            b"stdout" => Stream::Stdout,
            b"stderr" => Stream::Stderr,
            _ => return None,
        };
        // Tags may be followed by more, separated by colons.
        let partial = match parts.next()?.split(|byte| *byte == b':').next()? {
            b"F" => false,
            b"P" => true,
            _ => return None,
        };
        Some(LogLine { time, stream, partial, text: parts.next()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_kubelets() {
        let line = LogLine {
            time: "2026-11-22T10:00:00.5Z".parse().unwrap(),
            stream: Stream::Stderr,
            partial: false,
            text: b"two  words \xff",
        };
        let mut buffer = Vec::new();
        line.write(&mut buffer);
        assert_eq!(buffer, b"2026-11-22T10:00:00.500000000Z stderr F two  words \xff\n");
        assert_eq!(LogLine::read(&buffer[..buffer.len() - 1]), Some(line));
    }

    #[test]
    fn an_empty_text_and_extra_tags_are_read() {
        assert!(LogLine::read(b"2026-11-22T10:00:00Z stdout F ").unwrap().text.is_empty());
        assert!(LogLine::read(b"2026-11-22T10:00:00+02:00 stdout P:x y").unwrap().partial);
    }

    #[test]
    fn what_is_no_line_is_no_line() {
        for bad in [&b""[..], b"text", b"2026-11-22T10:00:00Z", b"2026-11-22T10:00:00Z stdin F x", b"\xff F"]
        {
            assert_eq!(LogLine::read(bad), None);
        }
    }
}
