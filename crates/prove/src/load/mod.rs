//! A load on a program while it is asked to stop: connections made inside its network namespace, each
//! followed to its end. One thread does it all, and sends the signal itself, so that it is known what was
//! under way then.

mod accepted;
pub(crate) mod client;
mod response;

use std::io;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::{ConnectionCount, ConnectionKind, HttpAnswer, Observed};
use plimsoll_model::Protocol;
use plimsoll_runtime::network::namespace;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use client::{Client, Ended, Wants};

/// Requests sent right before the signal. Many, because most programs answer in less time than a signal
/// takes to arrive.
const UNDER_WAY: usize = 16;
/// Connections that ask nothing, and as many that have not finished asking.
const HELD: usize = 4;
/// Time between two new connections after the signal.
const NEW_EVERY: Duration = Duration::from_millis(10);
/// The most new connections; a slow stop tells nothing more with further ones.
const NEW_LIMIT: usize = 500;
/// When those who had not finished asking do so, counted from the signal.
const FINISHED_AFTER: Duration = Duration::from_millis(100);
/// Longest wait for the program to accept what was connected before the signal; one that serves a
/// single connection at a time never accepts all.
const ACCEPTED_LIMIT: Duration = Duration::from_millis(100);
/// Longest wait for a greeting.
const GREETING_LIMIT: Duration = Duration::from_millis(200);
/// How long connections may still be open after the end of the program: the kernel closes them.
const CLOSED_LIMIT: Duration = Duration::from_millis(300);

/// Where and what is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pid: u32,
    port: u16,
    /// Path and the status it was answered with before; `None`: not HTTP.
    http: Option<(String, u16)>,
}

/// What kind of load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Requests under way, new ones after the signal.
    Requests,
    /// Clients that ask nothing or have not finished asking.
    Held,
}

/// What became of all connections.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) connections: Vec<ConnectionCount>,
    /// When the last complete answer came.
    pub(crate) last_answer: Option<Instant>,
}

impl Target {
    /// What a running program can be asked: its HTTP port, else its first TCP port.
    pub(crate) fn of(pid: u32, observed: &Observed, http: Option<&HttpAnswer>) -> Option<Target> {
        if let Some(answer) = http {
            return Some(Target { pid, port: answer.port, http: Some((answer.path.clone(), answer.status)) });
        }
        let tcp = observed.listening.iter().find(|listener| listener.port.protocol == Protocol::Tcp)?;
        Some(Target { pid, port: tcp.port.number, http: None })
    }

    /// It is asked by HTTP.
    pub(crate) fn speaks_http(&self) -> bool {
        self.http.is_some()
    }

    fn request(&self) -> Vec<u8> {
        let path = self.http.as_ref().map_or("/", |(path, _)| path);
        format!("GET {path} HTTP/1.1\r\n{HEADERS}\r\n").into_bytes()
    }

    /// Whether an answer is as good as those before the signal.
    fn is_good(&self, status: u16) -> bool {
        self.http.as_ref().is_none_or(|(_, before)| (200..400).contains(&status) || status == *before)
    }
}

/// Of every request; one request a connection.
pub(crate) const HEADERS: &str =
    "Host: localhost\r\nUser-Agent: plimsoll\r\nAccept: */*\r\nConnection: close\r\n";

/// Put the load on, send the signal, and follow every connection until some time after `ended` is set.
/// Runs on a thread of its own: it enters the program's network namespace for good.
pub(crate) fn run(
    target: &Target,
    shape: Shape,
    ended: &OnceLock<Instant>,
    signal: impl FnOnce() -> io::Result<Instant>,
) -> io::Result<Counts> {
    enter(target.pid)?;
    let mut load = Load { target, followed: Vec::new() };
    let greets = load.prepare(shape)?;
    let asked = load.fire(shape, signal)?;
    load.follow(shape, greets, asked, ended);
    Ok(load.count(ended))
}

/// Enter the network namespace of a process, with this thread alone.
pub(crate) fn enter(pid: u32) -> io::Result<()> {
    namespace::enter(&namespace::of_process(pid)?)
}

struct Load<'a> {
    target: &'a Target,
    followed: Vec<Followed>,
}

struct Followed {
    kind: ConnectionKind,
    client: Client,
    /// What is sent some time after the signal.
    rest: Option<Vec<u8>>,
}

impl Load<'_> {
    /// Connect everything that is to be there when the signal comes. Whether the program greets.
    fn prepare(&mut self, shape: Shape) -> io::Result<bool> {
        match (shape, self.target.speaks_http()) {
            (Shape::Requests, true) => {
                for _ in 0..UNDER_WAY {
                    self.open(ConnectionKind::InFlight, Wants::Nothing, &[], None)?;
                }
            }
            (Shape::Held, true) => self.prepare_held()?,
            (_, false) => {
                for _ in 0..HELD {
                    self.open(ConnectionKind::Idle, Wants::Nothing, &[], None)?;
                }
                self.turn_until(GREETING_LIMIT, |load| load.followed.iter().all(|one| one.client.heard));
                return Ok(self.followed.iter().any(|one| one.client.heard));
            }
        }
        let port = self.target.port;
        self.turn_until(ACCEPTED_LIMIT, |load| {
            let taken = accepted::accepted(port);
            load.followed.iter().all(|one| one.client.port().is_some_and(|own| taken.contains(&own)))
        });
        Ok(false)
    }

    fn prepare_held(&mut self) -> io::Result<()> {
        let request = self.target.request();
        let path = self.target.http.as_ref().map_or("/", |(path, _)| path);
        let body = format!("POST {path} HTTP/1.1\r\n{HEADERS}Content-Length: 10\r\n\r\n01234").into_bytes();
        for number in 0..HELD {
            self.open(ConnectionKind::Idle, Wants::Nothing, &[], None)?;
            let (now, later) = match number % 2 {
                0 => request.split_at(request.len() / 2),
                _ => (body.as_slice(), &b"56789"[..]),
            };
            self.open(ConnectionKind::HalfSent, Wants::Response, now, Some(later.to_vec()))?;
        }
        Ok(())
    }

    fn open(
        &mut self,
        kind: ConnectionKind,
        wants: Wants,
        send: &[u8],
        rest: Option<Vec<u8>>,
    ) -> io::Result<()> {
        let mut client = Client::begin(self.target.port, wants, send)?;
        client.advance();
        self.followed.push(Followed { kind, client, rest });
        Ok(())
    }

    /// Send all requests and then the signal, without looking at answers in between. What the program
    /// has not accepted by now is new to it.
    fn fire(&mut self, shape: Shape, signal: impl FnOnce() -> io::Result<Instant>) -> io::Result<Instant> {
        // What ended already was not under way: a POST answered before its body was whole.
        self.followed.retain(|one| one.client.ended.is_none());
        if shape == Shape::Held || !self.target.speaks_http() {
            return signal();
        }
        let taken = accepted::accepted(self.target.port);
        let request = self.target.request();
        for one in &mut self.followed {
            if !one.client.port().is_some_and(|own| taken.contains(&own)) {
                one.kind = ConnectionKind::New;
            }
            one.client.send(&request, Wants::Response);
        }
        signal()
    }

    /// From the signal until all connections have ended, or some time after the program's end.
    fn follow(&mut self, shape: Shape, greets: bool, asked: Instant, ended: &OnceLock<Instant>) {
        let mut next_new = asked + NEW_EVERY;
        let mut opened = 0;
        loop {
            let now = Instant::now();
            let over = ended.get();
            if now >= asked + FINISHED_AFTER {
                self.finish_half_sent();
            }
            if over.is_none() && shape == Shape::Requests && now >= next_new && opened < NEW_LIMIT {
                self.open_new(greets);
                opened += 1;
                next_new = now + NEW_EVERY;
            }
            self.turn(Duration::from_millis(2));
            let all = self.followed.iter().all(|one| one.client.ended.is_some());
            if over.is_some_and(|at| all || at.elapsed() >= CLOSED_LIMIT) {
                return;
            }
        }
    }

    fn finish_half_sent(&mut self) {
        for one in &mut self.followed {
            if let Some(rest) = one.rest.take() {
                one.client.send(&rest, Wants::Response);
            }
        }
    }

    fn open_new(&mut self, greets: bool) {
        let (wants, request) = match (self.target.speaks_http(), greets) {
            (true, _) => (Wants::Response, self.target.request()),
            (false, true) => (Wants::Greeting, Vec::new()),
            (false, false) => (Wants::Connection, Vec::new()),
        };
        // Without a descriptor there is one connection less to follow.
        let _ = self.open(ConnectionKind::New, wants, &request, None);
    }

    /// Wait until something can be done, and do it.
    fn turn(&mut self, limit: Duration) {
        let open: Vec<&mut Followed> =
            self.followed.iter_mut().filter(|one| one.client.ended.is_none()).collect();
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(open.len());
        for one in &open {
            let write = if one.client.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            fds.push(PollFd::new(one.client.stream(), PollFlags::IN | write));
        }
        let limit = Timespec { tv_sec: 0, tv_nsec: limit.subsec_nanos().into() };
        // An interruption is as good as a time limit.
        let _ = poll(&mut fds, Some(&limit));
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        for (one, _) in open.into_iter().zip(ready).filter(|(_, ready)| *ready) {
            one.client.advance();
        }
    }

    fn turn_until(&mut self, limit: Duration, mut enough: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        loop {
            self.turn(Duration::from_millis(2));
            if enough(self) || begun.elapsed() >= limit {
                return;
            }
        }
    }

    fn count(&self, ended: &OnceLock<Instant>) -> Counts {
        let mut counts = Counts::default();
        for one in &self.followed {
            // Whoever came after the end was not lost by the way it stopped.
            if one.kind == ConnectionKind::New && ended.get().is_some_and(|end| one.client.begun >= *end) {
                continue;
            }
            if let Some((at, Ended::Answered(_))) = one.client.ended {
                counts.last_answer = counts.last_answer.max(Some(at));
            }
            let at = match counts.connections.iter().position(|count| count.kind == one.kind) {
                Some(at) => at,
                None => {
                    counts.connections.push(ConnectionCount::of(one.kind));
                    counts.connections.len() - 1
                }
            };
            let how = one.client.ended.map(|(_, how)| how);
            classify(&mut counts.connections[at], how, |status| self.target.is_good(status));
        }
        counts.connections.sort_by_key(|count| count.kind);
        counts
    }
}

/// Count one connection.
fn classify(count: &mut ConnectionCount, ended: Option<Ended>, is_good: impl Fn(u16) -> bool) {
    let place = match ended {
        Some(Ended::Answered(status)) if is_good(status) => &mut count.answered,
        Some(Ended::Answered(_)) => &mut count.error_status,
        Some(Ended::Reset) => &mut count.reset,
        Some(Ended::Eof) => &mut count.eof,
        Some(Ended::Refused) => &mut count.refused,
        None => &mut count.timeout,
    };
    *place += 1;
}

#[cfg(test)]
mod tests;
