//! Experiments: really start an image in every way, watch, stop it, restrict it, and hand the facts
//! over as [`plimsoll_contract::evidence::Evidence`].
//!
//! What is predicted and what facts mean is the contract crate's; here only things happen.

mod command_line;
mod exercise;
mod http;
mod ladder;
mod launches;
mod network;
pub mod records;
mod stop;
mod subject;
mod trial;
mod written;

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::evidence::Evidence;

pub use subject::{Event, ProveError, Settings, Subject};

/// Run all experiments on an image.
pub fn prove(subject: &Subject<'_>) -> Result<Evidence, ProveError> {
    let launches = launches::run(subject)?;
    let baseline = launches.baseline;
    let mut evidence = Evidence {
        image: subject.reference.clone(),
        digest: subject.image.manifest_digest.to_string(),
        machine: subject.machine.clone(),
        launches: launches.records,
        stop: None,
        written: Vec::new(),
        rungs: Vec::new(),
        memory_peak: None,
        http: None,
    };
    let Some(baseline) = baseline else { return Ok(evidence) };
    let stop = stop::run(subject, &baseline)?;
    let facts = exercise::Baseline::of(baseline, &stop);
    evidence.written = facts.written.clone();
    evidence.memory_peak = facts.memory_peak;
    evidence.http = facts.http.clone();
    evidence.stop = Some(stop.record);
    evidence.rungs = ladder::run(subject, &facts)?;
    Ok(evidence)
}

/// The launch modes that will be tried, in order.
pub fn catalog(subject: &Subject<'_>) -> Vec<LaunchMode> {
    plimsoll_contract::modes::matrix(subject.contract)
}
