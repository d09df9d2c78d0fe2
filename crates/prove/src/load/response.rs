//! When an HTTP answer is whole: RFC 9112, sections 6 and 7.1, as far as a client needs them.

/// Longest head read; what is longer is no answer to our request.
const HEAD_LIMIT: usize = 64 << 10;

/// An answer on its way in.
#[derive(Debug, Default)]
pub(super) struct Response {
    head: Vec<u8>,
    status: Option<u16>,
    body: Body,
}

#[derive(Debug, Default)]
enum Body {
    /// The head is not whole yet.
    #[default]
    Awaited,
    /// So many bytes are still to come.
    Length(u64),
    Chunked(Chunk),
    /// Whatever comes until the connection is closed.
    UntilEnd,
    Whole,
}

#[derive(Debug)]
enum Chunk {
    /// The line with the size, digits read so far.
    Size(Vec<u8>),
    /// Bytes left of a chunk with its line end.
    Data(u64),
    /// After the last chunk: a line of the trailer, its length so far.
    Trailer(usize),
}

impl Response {
    /// Take what came. `true`: the answer is whole.
    pub(super) fn take(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.take_byte(*byte);
        }
        matches!(self.body, Body::Whole)
    }

    /// The connection was closed by the other side. `true`: that made the answer whole.
    pub(super) fn ends(&self) -> bool {
        matches!(self.body, Body::Whole | Body::UntilEnd)
    }

    /// The status, once the head is whole; 0 for what is no HTTP.
    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    fn take_byte(&mut self, byte: u8) {
        let next = match &mut self.body {
            Body::Whole | Body::UntilEnd => None,
            Body::Awaited => {
                self.head.push(byte);
                let whole = self.head.ends_with(b"\r\n\r\n") || self.head.ends_with(b"\n\n");
                (whole || self.head.len() > HEAD_LIMIT).then(|| self.read_head())
            }
            Body::Length(left) => {
                *left -= 1;
                (*left == 0).then_some(Body::Whole)
            }
            Body::Chunked(chunk) => chunk.take(byte),
        };
        if let Some(next) = next {
            self.body = next;
        }
    }

    fn read_head(&mut self) -> Body {
        let head = String::from_utf8_lossy(&std::mem::take(&mut self.head)).to_ascii_lowercase();
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or("").split_ascii_whitespace();
        let version = words.next().filter(|word| word.starts_with("http/1."));
        let status = version.and_then(|_| words.next()?.parse::<u16>().ok());
        let Some(status) = status else {
            self.status = Some(0);
            return Body::Whole;
        };
        // An interim answer: the real one follows (RFC 9110, section 15.2).
        if (100..200).contains(&status) {
            return Body::Awaited;
        }
        self.status = Some(status);
        let field = |name: &str| {
            let fields = lines.clone().filter_map(|line| line.split_once(':'));
            fields.filter(|(found, _)| *found == name).map(|(_, value)| value.trim()).next_back()
        };
        match (field("transfer-encoding"), field("content-length").map(str::parse::<u64>)) {
            _ if matches!(status, 204 | 304) => Body::Whole,
            (Some(coding), _) if coding.ends_with("chunked") => Body::Chunked(Chunk::Size(Vec::new())),
            (None, Some(Ok(0))) => Body::Whole,
            (None, Some(Ok(length))) => Body::Length(length),
            _ => Body::UntilEnd,
        }
    }
}

impl Chunk {
    fn take(&mut self, byte: u8) -> Option<Body> {
        match self {
            Chunk::Size(digits) if byte == b'\n' => {
                let text = String::from_utf8_lossy(digits);
                let size = text.split([';', '\r']).next().unwrap_or("").trim();
                Some(match u64::from_str_radix(size, 16) {
                    Ok(0) => Body::Chunked(Chunk::Trailer(0)),
                    Ok(size) => Body::Chunked(Chunk::Data(size.saturating_add(2))),
                    // Not as it should be: only the end of the connection ends it.
                    Err(_) => Body::UntilEnd,
                })
            }
            Chunk::Size(digits) => {
                // A size has at most 16 digits; extensions behind it are of no interest.
                if digits.len() < 32 {
                    digits.push(byte);
                }
                None
            }
            Chunk::Data(left) => {
                *left -= 1;
                (*left == 0).then_some(Body::Chunked(Chunk::Size(Vec::new())))
            }
            Chunk::Trailer(length) if byte == b'\n' => match *length {
                0 => Some(Body::Whole),
                _ => Some(Body::Chunked(Chunk::Trailer(0))),
            },
            Chunk::Trailer(length) => {
                *length += usize::from(byte != b'\r');
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fed byte by byte: after how many it was whole, and the status.
    fn whole(text: &str) -> (Option<usize>, Option<u16>) {
        let mut response = Response::default();
        let at = text.bytes().position(|byte| response.take(&[byte])).map(|at| at + 1);
        (at, response.status())
    }

    #[test]
    fn an_answer_is_whole_with_its_last_byte() {
        for text in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\n\r\n",
            "HTTP/1.0 503 x\ncontent-length:2\n\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0A\r\n0123456789\r\n00\r\nA: b\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 no\r\nContent-Length: 1\r\n\r\nx",
        ] {
            assert_eq!(whole(text).0, Some(text.len()), "{text}");
            let mut cut = Response::default();
            assert!(!cut.take(&text.as_bytes()[..text.len() - 1]) && !cut.ends(), "{text}");
        }
        assert_eq!(
            whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n").1,
            Some(500)
        );
    }

    #[test]
    fn without_a_length_the_end_of_the_connection_ends_it() {
        let mut response = Response::default();
        assert!(!response.take(b"HTTP/1.0 200 OK\r\n\r\nhello") && response.ends());
        assert!(!Response::default().ends(), "nothing is no answer");
    }

    #[test]
    fn what_is_no_http_has_no_good_status() {
        assert_eq!(whole("SSH-2.0-x\r\n\r\n").1, Some(0));
        let mut endless = Response::default();
        assert!(endless.take(&vec![b'x'; HEAD_LIMIT + 1]));
        assert_eq!(endless.status(), Some(0));
        let mut odd = Response::default();
        assert!(
            !odd.take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nffffffffffffffff\r\n")
        );
        let mut huge = Response::default();
        assert!(!huge.take(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"));
    }
}
