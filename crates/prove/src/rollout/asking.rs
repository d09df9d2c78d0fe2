//! One request to a pod, as a client behind a Service makes it: one connection, to one pod.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use plimsoll_contract::evidence::Loss;
use plimsoll_runtime::network::namespace;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::load::HEADERS;
use crate::load::client::{Client, Ended, Wants};

/// What the pods of one version are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) port: u16,
    /// Path and the status it was answered with before; `None`: not HTTP, connections only.
    pub(super) http: Option<(String, u16)>,
}

impl Asked {
    /// In words.
    pub(super) fn phrase(&self) -> String {
        match &self.http {
            Some((path, _)) => format!("GET {path} on port {}", self.port),
            None => format!("a connection to port {}", self.port),
        }
    }

    /// Ask once inside this network namespace, which the thread enters for good. `None`: answered well.
    pub(super) fn ask(&self, namespace: &OwnedFd, limit: Duration) -> Option<Loss> {
        if namespace::enter(namespace).is_err() {
            return Some(Loss::Timeout);
        }
        let (wants, request) = match &self.http {
            Some((path, _)) => (Wants::Response, format!("GET {path} HTTP/1.1\r\n{HEADERS}\r\n")),
            None => (Wants::Connection, String::new()),
        };
        let Ok(mut client) = Client::begin(self.port, wants, request.as_bytes()) else {
            return Some(Loss::Timeout);
        };
        let end = Instant::now() + limit;
        client.advance();
        while client.ended.is_none() && Instant::now() < end {
            let write = if client.wants_to_write() { PollFlags::OUT } else { PollFlags::empty() };
            let pause = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
            // An interruption is as good as a time limit.
            let _ = poll(&mut [PollFd::new(client.stream(), PollFlags::IN | write)], Some(&pause));
            client.advance();
        }
        self.loss(client.ended.map(|(_, ended)| ended))
    }

    /// What was lost by such an end.
    fn loss(&self, ended: Option<Ended>) -> Option<Loss> {
        match ended {
            Some(Ended::Answered(status)) => match &self.http {
                Some((_, before)) if !(200..400).contains(&status) && status != *before => {
                    Some(Loss::Status(status))
                }
                _ => None,
            },
            Some(Ended::Refused) => Some(Loss::Refused),
            Some(Ended::Reset) => Some(Loss::Reset),
            Some(Ended::Eof) => Some(Loss::Eof),
            None => Some(Loss::Timeout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_what_the_client_sees() {
        let http = Asked { port: 80, http: Some(("/".into(), 404)) };
        for (ended, expected) in [
            (Some(Ended::Answered(200)), None),
            (Some(Ended::Answered(404)), None),
            (Some(Ended::Answered(503)), Some(Loss::Status(503))),
            (Some(Ended::Refused), Some(Loss::Refused)),
            (Some(Ended::Reset), Some(Loss::Reset)),
            (Some(Ended::Eof), Some(Loss::Eof)),
            (None, Some(Loss::Timeout)),
        ] {
            assert_eq!(http.loss(ended), expected, "{ended:?}");
        }
        let tcp = Asked { port: 6379, http: None };
        assert_eq!(tcp.loss(Some(Ended::Answered(0))), None);
        assert_eq!(tcp.phrase(), "a connection to port 6379");
    }
}
