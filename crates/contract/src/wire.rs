//! The JSON form of recorded evidence, version 1: written after a run, read to judge it again.
//!
//! Durations are whole microseconds, signals and ports are written as people write them.

mod amounts;
mod because;
mod contract;
mod launch;
mod observed;
mod readiness;
mod rollout;
mod rung;
mod start;
mod stop;
mod written;

use std::time::Duration;

use plimsoll_model::Signal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::Contract;
use crate::evidence::{Evidence, HttpAnswer};
use crate::judge::Proof;
use amounts::AmountsWire;
use contract::ContractWire;
use launch::LaunchWire;
use readiness::ReadinessWire;
use rollout::RolloutWire;
use rung::{HardeningWire, RungWire};
use start::{GivenWire, PromisedWire};
use stop::StopWire;
use written::PathWire;

/// The name of this format, in every record.
pub const SCHEMA: &str = "plimsoll.evidence/1";

/// The name of the format of whole proofs, which hold a record of this one as `evidence`.
pub const PROOF_SCHEMA: &str = "plimsoll.proof/1";

/// Why a value is no recorded evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvidence {
    /// Another format or version.
    #[error("this is no evidence that this version reads: its schema is '{found}', '{SCHEMA}' was expected")]
    Schema {
        /// What it says it is.
        found: String,
    },
    /// Evidence alone, which nothing can be judged by.
    #[error("the recorded evidence holds no contract, so that it cannot be judged again")]
    NoContract,
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
        return Err(BadEvidence::Schema { found: shown(found) });
    }
    let wire = EvidenceWire::deserialize(value).map_err(damaged)?;
    wire.read().map_err(damaged)
}

/// Write evidence with the contract it is judged by: all that a later judgement needs.
pub fn record_to_json(proof: &Proof) -> Value {
    let mut record = to_json(&proof.evidence);
    record["contract"] = serde_json::to_value(ContractWire::from(&proof.contract)).unwrap_or(Value::Null);
    record
}

/// Read evidence with its contract. What a document of `prove --format json` holds of it is read, too.
pub fn record_from_json(value: &Value) -> Result<(Contract, Evidence), BadEvidence> {
    let is_proof = value.get("schema").and_then(Value::as_str) == Some(PROOF_SCHEMA);
    let record = if is_proof { value.get("evidence").unwrap_or(&Value::Null) } else { value };
    let evidence = from_json(record)?;
    if evidence.launches.len() > MOST_LAUNCHES {
        return Err(damaged("it names more launches than any image is tried with"));
    }
    let contract = record.get("contract").ok_or(BadEvidence::NoContract)?;
    let contract = ContractWire::deserialize(contract).map_err(damaged)?;
    Ok((contract.read().map_err(damaged)?, evidence))
}

fn damaged(why: impl ToString) -> BadEvidence {
    BadEvidence::Damaged { why: shown(&why.to_string()) }
}

/// What a sentence quotes of a file that anybody may have written: short, and nothing that steers a terminal.
fn shown(text: &str) -> String {
    let quotable = |c: char| c.is_ascii_graphic() || c == ' ';
    text.chars().map(|c| if quotable(c) { c } else { '?' }).take(LONGEST_QUOTE).collect()
}

/// Launches of a record at most: ten times what the matrix has, and few enough to be weighed in no time.
const MOST_LAUNCHES: usize = 300;

/// Characters of a file that a sentence quotes at most.
const LONGEST_QUOTE: usize = 160;

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
    #[serde(default)]
    hardening: Option<HardeningWire>,
    #[serde(default)]
    rollout: Option<RolloutWire>,
    #[serde(default)]
    given: GivenWire,
    #[serde(default)]
    promised: Option<PromisedWire>,
    #[serde(default)]
    readiness: Option<ReadinessWire>,
    #[serde(default)]
    amounts: Option<AmountsWire>,
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

impl From<&HttpAnswer> for HttpWire {
    fn from(answer: &HttpAnswer) -> Self {
        HttpWire { port: answer.port, path: answer.path.clone(), status: answer.status }
    }
}

impl HttpWire {
    fn read(self) -> HttpAnswer {
        HttpAnswer { port: self.port, path: self.path, status: self.status }
    }
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
            http: evidence.http.as_ref().map(HttpWire::from),
            given: GivenWire::from(&evidence.given),
            promised: evidence.promised.as_ref().map(PromisedWire::from),
            readiness: evidence.readiness.as_ref().map(ReadinessWire::from),
            amounts: evidence.amounts.as_ref().map(AmountsWire::from),
            hardening: evidence.hardening.as_ref().map(HardeningWire::from),
            rollout: evidence.rollout.as_ref().map(RolloutWire::from),
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
            http: self.http.map(HttpWire::read),
            given: self.given.read(),
            promised: self.promised.map(PromisedWire::read),
            readiness: self.readiness.map(ReadinessWire::read).transpose()?,
            amounts: self.amounts.map(AmountsWire::read),
            hardening: self.hardening.map(HardeningWire::read),
            rollout: self.rollout.map(RolloutWire::read),
        })
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod record_tests;
