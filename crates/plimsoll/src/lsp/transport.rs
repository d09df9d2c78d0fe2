//! Messages on a pair of byte streams: header lines, an empty line, so many bytes of JSON.

use std::io::{self, BufRead, Read as _, Write};

use serde_json::Value;

/// Bytes of a message that are read: a Dockerfile of the largest size, every character escaped.
const BODY_LIMIT: u64 = 64 << 20;

/// Bytes of a header line.
const LINE_LIMIT: u64 = 4 << 10;

/// Header lines of a message.
const LINES_LIMIT: usize = 32;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Body(Vec<u8>),
    /// A message of more bytes than any of ours; they are gone.
    TooLong(u64),
    /// The client is gone.
    End,
}

/// Read one message. After an error nobody knows where the next one begins.
pub fn read(input: &mut impl BufRead) -> io::Result<Frame> {
    let Some(length) = read_header(input)? else { return Ok(Frame::End) };
    if length > BODY_LIMIT {
        let skipped = io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(if skipped == length { Frame::TooLong(length) } else { Frame::End });
    }
    let mut body = Vec::new();
    input.take(length).read_to_end(&mut body)?;
    Ok(if body.len() as u64 == length { Frame::Body(body) } else { Frame::End })
}

/// `Content-Length` of the next message; `None` when there is none.
fn read_header(input: &mut impl BufRead) -> io::Result<Option<u64>> {
    let mut length = None;
    for _ in 0..LINES_LIMIT {
        let mut line = Vec::new();
        input.take(LINE_LIMIT).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = std::str::from_utf8(&line).map_err(|_| broken("a header line is no text"))?;
        let line = line.strip_suffix('\n').ok_or_else(|| broken("a header line has no end"))?;
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return length.map(Some).ok_or_else(|| broken("a header has no Content-Length"));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| broken("a header line has no colon"))?;
        if name.trim().eq_ignore_ascii_case("Content-Length") {
            length = Some(value.trim().parse().map_err(|_| broken("Content-Length is no number"))?);
        }
    }
    Err(broken("a header has no end"))
}

fn broken(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Write one message.
pub fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(bytes: &[u8]) -> Vec<Result<Frame, String>> {
        let mut input = bytes;
        let mut frames = Vec::new();
        loop {
            let frame = read(&mut input).map_err(|error| error.to_string());
            let last = matches!(frame, Err(_) | Ok(Frame::End));
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    #[test]
    fn messages_follow_one_another() {
        let mut bytes = Vec::new();
        write(&mut bytes, &serde_json::json!({"a": "ä"})).unwrap();
        bytes.extend(b"content-length:2\nContent-Type: x\n\n{}");
        assert_eq!(
            frames(&bytes),
            [Ok(Frame::Body("{\"a\":\"ä\"}".into())), Ok(Frame::Body(b"{}".to_vec())), Ok(Frame::End)]
        );
    }

    #[test]
    fn what_is_cut_off_is_an_end() {
        for bytes in ["", "Content-Length: 9\r\n\r\n{}", "Content-Length: 18446744073709551615\r\n\r\n{}"] {
            assert_eq!(frames(bytes.as_bytes()), [Ok(Frame::End)], "{bytes:?}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped() {
        let length = BODY_LIMIT + 1;
        let mut bytes = format!("Content-Length: {length}\r\n\r\n").into_bytes();
        bytes.resize(bytes.len() + usize::try_from(length).unwrap(), b' ');
        bytes.extend(b"Content-Length: 2\r\n\r\n{}");
        assert_eq!(
            frames(&bytes),
            [Ok(Frame::TooLong(length)), Ok(Frame::Body(b"{}".to_vec())), Ok(Frame::End)]
        );
    }

    #[test]
    fn a_broken_header_is_an_error() {
        let long = "x".repeat(1 << 20);
        let many = "A: b\n".repeat(100);
        for bytes in [
            "\r\n",
            "x\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "Content-Length: 99999999999999999999\r\n\r\n",
            "A: b\r\n\r\n{}",
            "Content-Length: 2",
            &long,
            &many,
        ] {
            assert!(frames(bytes.as_bytes())[0].is_err(), "{:.40}", bytes);
        }
        assert!(frames(b"\xff\xfe: 1\r\n\r\n")[0].is_err());
    }
}
