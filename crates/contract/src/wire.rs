//! The JSON form of recorded evidence, version 1: written after a run, read to judge it again.
//!
//! Durations are whole microseconds, signals and ports are written as people write them.

mod launch;
mod observed;
mod rung;
mod stop;
mod written;

use std::time::Duration;

use plimsoll_model::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::evidence::{Evidence, HttpAnswer};
use launch::LaunchWire;
use rung::RungWire;
use stop::StopWire;
use written::PathWire;

/// The name of this format, in every record.
pub const SCHEMA: &str = "plimsoll.evidence/1";

/// Why a value is no recorded evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvidence {
    /// Another format or version.
    #[error("this is no evidence that this version reads: its schema is '{found}', '{SCHEMA}' was expected")]
    Schema {
        /// What it says it is.
        found: String,
    },
    /// The right format, and something in it is not as it should be.
    #[error("the recorded evidence is damaged: {why}")]
    Damaged {
        /// The reader's reason.
        why: String,
    },
}

/// Write evidence.
pub fn to_json(evidence: &Evidence) -> Value {
    serde_json::to_value(EvidenceWire::from(evidence)).unwrap_or(Value::Null)
}

/// Read evidence.
pub fn from_json(value: &Value) -> Result<Evidence, BadEvidence> {
    let found = value.get("schema").and_then(Value::as_str).unwrap_or("none");
    if found != SCHEMA {
        return Err(BadEvidence::Schema { found: found.chars().take(100).collect() });
    }
    let wire = EvidenceWire::deserialize(value).map_err(|e| BadEvidence::Damaged { why: e.to_string() })?;
    wire.read().map_err(|why| BadEvidence::Damaged { why })
}

/// How memory was measured; a record made by another version may name something else.
const MEMORY_METHODS: [&str; 7] = [
    "sum of every process' VmHWM, shared pages counted for each",
    "cgroup memory.peak",
    "cgroup memory.max_usage_in_bytes",
    "sum of VmHWM",
    "sum of VmRSS",
    "sum of RSS",
    "sum of PSS",
];

#[derive(Serialize, Deserialize)]
struct EvidenceWire {
    schema: String,
    image: String,
    digest: String,
    machine: Vec<String>,
    launches: Vec<LaunchWire>,
    stop: Option<StopWire>,
    written: Vec<PathWire>,
    rungs: Vec<RungWire>,
    memory_peak: Option<MemoryWire>,
    http: Option<HttpWire>,
}

#[derive(Serialize, Deserialize)]
struct MemoryWire {
    bytes: u64,
    method: String,
}

#[derive(Serialize, Deserialize)]
struct HttpWire {
    port: u16,
    path: String,
    status: u16,
}

/// Durations above 584,000 years are cut.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn duration(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn read_signal(text: &str) -> Result<Signal, String> {
    Signal::parse(text).ok_or_else(|| format!("'{text}' is no signal"))
}

impl From<&Evidence> for EvidenceWire {
    fn from(evidence: &Evidence) -> Self {
        EvidenceWire {
            schema: SCHEMA.to_string(),
            image: evidence.image.clone(),
            digest: evidence.digest.clone(),
            machine: evidence.machine.clone(),
            launches: evidence.launches.iter().map(LaunchWire::from).collect(),
            stop: evidence.stop.as_ref().map(StopWire::from),
            written: evidence.written.iter().map(PathWire::from).collect(),
            rungs: evidence.rungs.iter().map(RungWire::from).collect(),
            memory_peak: evidence
                .memory_peak
                .map(|(bytes, method)| MemoryWire { bytes, method: method.to_string() }),
            http: evidence.http.as_ref().map(|answer| HttpWire {
                port: answer.port,
                path: answer.path.clone(),
                status: answer.status,
            }),
        }
    }
}

impl EvidenceWire {
    fn read(self) -> Result<Evidence, String> {
        let method = |name: &str| {
            let known = MEMORY_METHODS.iter().find(|known| **known == name);
            known.copied().unwrap_or("a method of another version")
        };
        Ok(Evidence {
            image: self.image,
            digest: self.digest,
            machine: self.machine,
            launches: self.launches.into_iter().map(LaunchWire::read).collect::<Result<_, _>>()?,
            stop: self.stop.map(StopWire::read).transpose()?,
            written: self.written.into_iter().map(PathWire::read).collect(),
            rungs: self.rungs.into_iter().map(RungWire::read).collect(),
            memory_peak: self.memory_peak.map(|memory| (memory.bytes, method(&memory.method))),
            http: self.http.map(|wire| HttpAnswer { port: wire.port, path: wire.path, status: wire.status }),
        })
    }
}

#[cfg(test)]
mod tests;
