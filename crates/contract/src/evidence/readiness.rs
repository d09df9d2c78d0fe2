//! When it is ready, where it listens, and what it answers once it is.

use std::time::Duration;

use plimsoll_model::PortSpec;

/// Answer to an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// Port asked.
    pub port: u16,
    /// Path asked.
    pub path: String,
    /// Status code.
    pub status: u16,
}

/// The image as built, ready.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readiness {
    /// The launch it was seen in.
    pub experiment: String,
    /// Every port listened on, by number.
    pub ports: Vec<PortFact>,
    /// What counted as its answer.
    pub answer: Answer,
    /// From the start of its program to the first good answer; `None` if there was none.
    pub first_answer: Option<Duration>,
    /// The tests of `--cst`, in the order of the file.
    pub structure: Vec<StructureTest>,
}

/// What is asked to learn whether the program does its work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Answer {
    /// Nothing listens and no check was given: that it runs is all there is.
    #[default]
    Nothing,
    /// A user's own check.
    Check(CheckFact),
    /// HTTP. The status is the one of the last request.
    Http(HttpAnswer),
    /// It speaks first on this TCP port.
    Greeting(PortSpec),
    /// It lets connections come on this TCP port, and waits.
    Connection(PortSpec),
}

/// A check that a user gave, and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckFact {
    /// As written: `--check 'CMD'` or `--http PATH`.
    pub words: String,
    /// The argv run inside the container; empty for HTTP.
    pub argv: Vec<String>,
    /// The HTTP request, if it is one; status 0: no answer.
    pub http: Option<HttpAnswer>,
    /// It was good at last.
    pub good: bool,
    /// How often it was tried.
    pub tries: u32,
    /// What it said or why it failed at last, one line.
    pub said: String,
}

/// One port listened on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFact {
    /// Number and protocol.
    pub port: PortSpec,
    /// Addresses it is bound to, as text, sorted.
    pub addresses: Vec<String>,
    /// EXPOSE names it.
    pub exposed: bool,
    /// All addresses are loopback's.
    pub loopback_only: bool,
    /// A connection over IPv4 works; for UDP: it is bound to an IPv4 address.
    pub ipv4: bool,
    /// The same over IPv6.
    pub ipv6: bool,
    /// What it speaks.
    pub speaks: Speaks,
}

/// What a port was heard to speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP: the best answer found.
    Http {
        /// Path asked.
        path: String,
        /// Status code.
        status: u16,
    },
    /// TLS: it answered plain text with an alert.
    Tls,
    /// It greets whoever connects.
    Greeting {
        /// The protocol, if the greeting tells it.
        protocol: Option<String>,
        /// The first line, printable characters only.
        line: String,
    },
    /// It answered an HTTP request with something else.
    Other {
        /// The first line, printable characters only.
        line: String,
    },
    /// It lets connections come, and waits for more than an HTTP request.
    Silent,
    /// No connection came about.
    Unreachable {
        /// Why, in words.
        why: String,
    },
    /// UDP: datagrams are not answered before they mean something, so nothing was asked.
    Datagrams,
}

/// A test of a container-structure-test file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureTest {
    /// `commandTests`, `fileExistenceTests`, `fileContentTests` or `metadataTest`.
    pub kind: String,
    /// Its name in the file.
    pub name: String,
    /// What is wrong, one sentence each; empty: it passed.
    pub failures: Vec<String>,
}
