//! Experiments: really start an image in every way, watch, stop it, restrict it, and hand the facts
//! over as [`plimsoll_contract::evidence::Evidence`].
//!
//! What is predicted and what facts mean is the contract crate's; here only things happen.

mod command_line;
mod exercise;
mod group;
mod http;
mod launches;
mod load;
mod network;
mod rollout;
pub mod scratch;
mod search;
mod stop;
mod subject;
mod trial;
mod written;

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::evidence::{Evidence, Outcome};

pub use rollout::{Amount, BadAmount, Rehearsal, rehearse};
pub use subject::{Event, ProveError, Settings, Subject};

use trial::{Awaited, Ending};

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
        hardening: None,
        rollout: None,
    };
    let Some(baseline) = baseline else {
        search_job(subject, &mut evidence)?;
        return Ok(evidence);
    };
    let stop = stop::run(subject, &baseline)?;
    let facts = exercise::Baseline::of(baseline, &stop);
    evidence.written = facts.written.clone();
    evidence.memory_peak = facts.memory_peak;
    evidence.http = facts.http.clone();
    evidence.stop = Some(stop.record);
    let searched = search::run(subject, &facts)?;
    evidence.rungs = searched.rungs;
    evidence.hardening = Some(searched.hardening);
    Ok(evidence)
}

/// An image that ends by itself with success works when it does so again.
fn search_job(subject: &Subject<'_>, evidence: &mut Evidence) -> Result<(), ProveError> {
    let outcome = evidence.as_built().map(|record| &record.outcome);
    let Some(Outcome::Exited { code: code @ 0, .. }) = outcome else { return Ok(()) };
    let code = *code;
    let spec = subject.spec(stop::as_built(subject))?;
    let awaited = Awaited { ports: &[], watch: subject.settings.watch };
    let trial = trial::run(subject, &spec, awaited, Ending::Kill)?;
    let facts = exercise::Baseline::of_job(trial, code);
    evidence.written = facts.written.clone();
    let searched = search::run(subject, &facts)?;
    evidence.rungs = searched.rungs;
    evidence.hardening = Some(searched.hardening);
    Ok(())
}

/// The launch modes that will be tried, in order.
pub fn catalog(subject: &Subject<'_>) -> Vec<LaunchMode> {
    plimsoll_contract::modes::matrix(subject.contract)
}
