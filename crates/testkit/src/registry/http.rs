//! Just enough of HTTP/1.1: requests in, answers out, and the faults between.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::fault::{self, Fault};
use super::state::Seen;
use super::{Shared, routes};

/// A request.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Response { status, headers: vec![("Content-Type", content_type.to_string())], body }
    }

    pub fn empty(status: u16) -> Self {
        Response { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body = format!(r#"{{"errors":[{{"code":"{code}","message":"{message}"}}]}}"#);
        Response::new(status, "application/json", body.into_bytes())
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// Serve one connection until the client leaves. Errors of the socket end it; that is all there is
/// to do about them.
pub(super) fn serve(stream: &TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream);
    while let Ok(true) = serve_one(&mut reader, stream, shared) {}
}

/// `true` when the connection goes on.
fn serve_one(
    reader: &mut BufReader<&TcpStream>,
    mut stream: &TcpStream,
    shared: &Shared,
) -> io::Result<bool> {
    let (mut request, target) = match read_head(reader) {
        Ok(Some(head)) => head,
        // As every server answers a TLS greeting on its plain port.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return write_answer(stream, &Response::empty(400), "", None).map(|_| false);
        }
        Ok(None) | Err(_) => return Ok(false),
    };
    let fault = {
        let mut state = shared.state();
        state.seen.push(Seen {
            method: request.method.clone(),
            target: target.clone(),
            authorization: request.header("authorization").map(str::to_string),
            range: request.header("range").map(str::to_string),
        });
        fault::take(&mut state.faults, &request.method, &target)
    };
    match &fault {
        Some(Fault::HangUp) => return Ok(false),
        Some(Fault::Stall) => return stall(stream, shared),
        Some(Fault::CutUpload(length)) => {
            let announced =
                request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            io::copy(&mut reader.take(announced.min(*length as u64)), &mut io::sink())?;
            return Ok(false);
        }
        Some(Fault::IgnoreRange) => drop(request.headers.remove("range")),
        _ => {}
    }
    let answer = match &fault {
        Some(Fault::Status(status, code)) => Some(Response::error(*status, code, "as the test wishes")),
        Some(Fault::Busy(wait)) => {
            Some(Response::error(429, "TOOMANYREQUESTS", "slow down").with("Retry-After", wait))
        }
        Some(Fault::Redirect(to)) => Some(Response::empty(307).with("Location", to)),
        _ => None,
    };
    let expects = request.header("expect").is_some();
    if let Some(answer) = answer {
        // Whoever asked before sending its body gets the answer instead of the body.
        if !expects {
            read_body(reader, &mut request)?;
        }
        write_answer(stream, &answer, &request.method, None)?;
        return Ok(!expects);
    }
    if expects {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    read_body(reader, &mut request)?;
    let answer = routes::answer(&request, shared);
    if let Some(Fault::Slow(piece, pause)) = fault {
        return write_slowly(stream, &answer, piece, pause, shared);
    }
    write_answer(stream, &answer, &request.method, fault.as_ref())
}

pub(crate) fn read_head(reader: &mut BufReader<&TcpStream>) -> io::Result<Option<(Request, String)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request =
        Request { method: method.into(), path: path.into(), query: pairs(query), ..Request::default() };
    let target = target.to_string();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        request.headers.insert(name.to_ascii_lowercase(), value.trim().to_string());
    }
    Ok(Some((request, target)))
}

fn read_body(reader: &mut BufReader<&TcpStream>, request: &mut Request) -> io::Result<()> {
    if request.header("transfer-encoding").is_some_and(|coding| coding.contains("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
            io::copy(&mut reader.take(size), &mut request.body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                return Ok(());
            }
        }
    }
    let length: u64 = request.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    match io::copy(&mut reader.take(length), &mut request.body)? {
        read if read == length => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// `a=b&c=d`, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| char::from(byte.unwrap_or(b'0')).to_digit(16).unwrap_or(0) as u8;
        out.push(match byte {
            b'%' => hex(bytes.next()) << 4 | hex(bytes.next()),
            b'+' => b' ',
            other => other,
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `true` when the connection goes on.
pub(crate) fn write_answer(
    mut stream: &TcpStream,
    answer: &Response,
    method: &str,
    fault: Option<&Fault>,
) -> io::Result<bool> {
    let mut body = answer.body.clone();
    if method == "HEAD" {
        stream.write_all(&head(answer, Some(body.len())))?;
        return Ok(true);
    }
    let announced = match fault {
        Some(Fault::WrongLength(more)) => Some(body.len().saturating_add_signed(*more as isize)),
        Some(Fault::Endless) => None,
        _ => Some(body.len()),
    };
    stream.write_all(&head(answer, announced))?;
    match fault {
        Some(Fault::WrongBytes) => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Some(Fault::CutAfter(length)) => body.truncate(*length),
        // Ends when the client closes the connection.
        Some(Fault::Endless) => loop {
            stream.write_all(&body)?;
        },
        _ => {}
    }
    stream.write_all(&body)?;
    Ok(!matches!(fault, Some(Fault::CutAfter(_) | Fault::WrongLength(_))))
}

fn head(answer: &Response, length: Option<usize>) -> Vec<u8> {
    let mut head =
        format!("HTTP/1.1 {} Test\r\nDocker-Distribution-Api-Version: registry/2.0\r\n", answer.status);
    for (name, value) in &answer.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += &match length {
        Some(length) => format!("Content-Length: {length}\r\n\r\n"),
        None => "Connection: close\r\n\r\n".to_string(),
    };
    head.into_bytes()
}

fn write_slowly(
    mut stream: &TcpStream,
    answer: &Response,
    piece: usize,
    pause: Duration,
    shared: &Shared,
) -> io::Result<bool> {
    stream.write_all(&head(answer, Some(answer.body.len())))?;
    for piece in answer.body.chunks(piece.max(1)) {
        if shared.stopped() {
            return Ok(false);
        }
        stream.write_all(piece)?;
        std::thread::sleep(pause);
    }
    Ok(true)
}

/// Hold the connection open, silent, until the client or the registry goes.
fn stall(mut stream: &TcpStream, shared: &Shared) -> io::Result<bool> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    let mut rest = [0; 4096];
    while !shared.stopped() {
        match stream.read(&mut rest) {
            Ok(0) => return Ok(false),
            Err(error) if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(false)
}
