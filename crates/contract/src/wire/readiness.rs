//! Readiness as JSON.

use plimsoll_model::PortSpec;
use serde::{Deserialize, Serialize};

use super::{HttpWire, duration, micros};
use crate::evidence::{Answer, CheckFact, PortFact, Readiness, Speaks, StructureTest};

#[derive(Serialize, Deserialize)]
pub(super) struct ReadinessWire {
    experiment: String,
    ports: Vec<PortWire>,
    answer: AnswerWire,
    first_answer_us: Option<u64>,
    structure: Vec<TestWire>,
}

#[derive(Serialize, Deserialize)]
struct PortWire {
    port: String,
    addresses: Vec<String>,
    exposed: bool,
    loopback_only: bool,
    ipv4: bool,
    ipv6: bool,
    speaks: SpeaksWire,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum SpeaksWire {
    Http { path: String, status: u16 },
    Tls,
    Greeting { protocol: Option<String>, line: String },
    Other { line: String },
    Silent,
    Unreachable { why: String },
    Datagrams,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum AnswerWire {
    Nothing,
    Check(CheckWire),
    Http(HttpWire),
    Greeting { port: String },
    Connection { port: String },
}

#[derive(Serialize, Deserialize)]
struct CheckWire {
    words: String,
    argv: Vec<String>,
    http: Option<HttpWire>,
    good: bool,
    tries: u32,
    said: String,
}

#[derive(Serialize, Deserialize)]
struct TestWire {
    test: String,
    name: String,
    failures: Vec<String>,
}

fn read_port(text: &str) -> Result<PortSpec, String> {
    PortSpec::parse(text).ok_or_else(|| format!("'{text}' is no port"))
}

impl From<&Readiness> for ReadinessWire {
    fn from(readiness: &Readiness) -> Self {
        ReadinessWire {
            experiment: readiness.experiment.clone(),
            ports: readiness.ports.iter().map(PortWire::from).collect(),
            answer: AnswerWire::from(&readiness.answer),
            first_answer_us: readiness.first_answer.map(micros),
            structure: readiness.structure.iter().map(TestWire::from).collect(),
        }
    }
}

impl ReadinessWire {
    pub(super) fn read(self) -> Result<Readiness, String> {
        Ok(Readiness {
            experiment: self.experiment,
            ports: self.ports.into_iter().map(PortWire::read).collect::<Result<_, _>>()?,
            answer: self.answer.read()?,
            first_answer: self.first_answer_us.map(duration),
            structure: self.structure.into_iter().map(TestWire::read).collect(),
        })
    }
}

impl From<&PortFact> for PortWire {
    fn from(fact: &PortFact) -> Self {
        PortWire {
            port: fact.port.to_string(),
            addresses: fact.addresses.clone(),
            exposed: fact.exposed,
            loopback_only: fact.loopback_only,
            ipv4: fact.ipv4,
            ipv6: fact.ipv6,
            speaks: match fact.speaks.clone() {
                Speaks::Http { path, status } => SpeaksWire::Http { path, status },
                Speaks::Tls => SpeaksWire::Tls,
                Speaks::Greeting { protocol, line } => SpeaksWire::Greeting { protocol, line },
                Speaks::Other { line } => SpeaksWire::Other { line },
                Speaks::Silent => SpeaksWire::Silent,
                Speaks::Unreachable { why } => SpeaksWire::Unreachable { why },
                Speaks::Datagrams => SpeaksWire::Datagrams,
            },
        }
    }
}

impl PortWire {
    fn read(self) -> Result<PortFact, String> {
        Ok(PortFact {
            port: read_port(&self.port)?,
            addresses: self.addresses,
            exposed: self.exposed,
            loopback_only: self.loopback_only,
            ipv4: self.ipv4,
            ipv6: self.ipv6,
            speaks: match self.speaks {
                SpeaksWire::Http { path, status } => Speaks::Http { path, status },
                SpeaksWire::Tls => Speaks::Tls,
                SpeaksWire::Greeting { protocol, line } => Speaks::Greeting { protocol, line },
                SpeaksWire::Other { line } => Speaks::Other { line },
                SpeaksWire::Silent => Speaks::Silent,
                SpeaksWire::Unreachable { why } => Speaks::Unreachable { why },
                SpeaksWire::Datagrams => Speaks::Datagrams,
            },
        })
    }
}

impl From<&Answer> for AnswerWire {
    fn from(answer: &Answer) -> Self {
        match answer {
            Answer::Nothing => AnswerWire::Nothing,
            Answer::Check(check) => AnswerWire::Check(CheckWire {
                words: check.words.clone(),
                argv: check.argv.clone(),
                http: check.http.as_ref().map(HttpWire::from),
                good: check.good,
                tries: check.tries,
                said: check.said.clone(),
            }),
            Answer::Http(http) => AnswerWire::Http(http.into()),
            Answer::Greeting(port) => AnswerWire::Greeting { port: port.to_string() },
            Answer::Connection(port) => AnswerWire::Connection { port: port.to_string() },
        }
    }
}

impl AnswerWire {
    fn read(self) -> Result<Answer, String> {
        Ok(match self {
            AnswerWire::Nothing => Answer::Nothing,
            AnswerWire::Check(check) => Answer::Check(CheckFact {
                words: check.words,
                argv: check.argv,
                http: check.http.map(HttpWire::read),
                good: check.good,
                tries: check.tries,
                said: check.said,
            }),
            AnswerWire::Http(http) => Answer::Http(http.read()),
            AnswerWire::Greeting { port } => Answer::Greeting(read_port(&port)?),
            AnswerWire::Connection { port } => Answer::Connection(read_port(&port)?),
        })
    }
}

impl From<&StructureTest> for TestWire {
    fn from(test: &StructureTest) -> Self {
        TestWire { test: test.kind.clone(), name: test.name.clone(), failures: test.failures.clone() }
    }
}

impl TestWire {
    fn read(self) -> StructureTest {
        StructureTest { kind: self.test, name: self.name, failures: self.failures }
    }
}
