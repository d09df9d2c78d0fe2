use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;

#[test]
fn every_end_has_its_place() {
    let count = |ended, good: bool| {
        let mut count = ConnectionCount::of(ConnectionKind::New);
        classify(&mut count, ended, |_| good);
        count
    };
    let none = ConnectionCount::of(ConnectionKind::New);
    let answered = Some(Ended::Answered(200));
    assert_eq!(count(answered, true), ConnectionCount { answered: 1, ..none });
    assert_eq!(count(answered, false), ConnectionCount { error_status: 1, ..none });
    assert_eq!(count(Some(Ended::Reset), true), ConnectionCount { reset: 1, ..none });
    assert_eq!(count(Some(Ended::Eof), true), ConnectionCount { eof: 1, ..none });
    assert_eq!(count(Some(Ended::Refused), true), ConnectionCount { refused: 1, ..none });
    assert_eq!(count(None, true), ConnectionCount { timeout: 1, ..none });
}

#[test]
fn the_status_from_before_is_good_too() {
    let target = |status| Target { pid: 1, port: 1, http: Some(("/".into(), status)) };
    assert!(target(200).is_good(302) && target(404).is_good(404) && target(401).is_good(200));
    assert!(!target(200).is_good(503) && !target(200).is_good(0));
    assert!(Target { http: None, ..target(0) }.is_good(0), "a greeting has no status");
}

/// Follow one connection to a server that answers like this.
fn end_of(serve: impl FnOnce(std::net::TcpStream) + Send + 'static) -> Option<Ended> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target =
        Target { pid: 0, port: listener.local_addr().unwrap().port(), http: Some(("/".into(), 200)) };
    let server = std::thread::spawn(move || serve(listener.accept().unwrap().0));
    let mut load = Load { target: &target, followed: Vec::new() };
    load.open(ConnectionKind::New, Wants::Response, &target.request(), None).unwrap();
    load.turn_until(Duration::from_secs(20), |load| load.followed[0].client.ended.is_some());
    server.join().unwrap();
    load.followed[0].client.ended.map(|(_, how)| how)
}

#[test]
fn real_connections_end_as_they_do() {
    let request = |stream: &mut std::net::TcpStream| {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            seen.extend(byte);
        }
    };
    let answered = end_of(move |mut stream| {
        request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    assert_eq!(answered, Some(Ended::Answered(200)));
    let cut = end_of(move |mut stream| {
        request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no").unwrap();
    });
    assert_eq!(cut, Some(Ended::Eof));
    // Closed with the request unread: the kernel resets.
    let reset = end_of(|stream| {
        stream.peek(&mut [0]).unwrap();
    });
    assert_eq!(reset, Some(Ended::Reset));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut refused = Client::begin(port, Wants::Response, b"x").unwrap();
    refused.advance();
    assert!(matches!(refused.ended, Some((_, Ended::Refused))));
}
