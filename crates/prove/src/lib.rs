//! Experiments: really start an image in every way, watch, stop it, restrict it, and hand the facts
//! over as [`plimsoll_contract::evidence::Evidence`].
//!
//! What is predicted and what facts mean is the contract crate's; here only things happen.

mod amounts;
mod bench;
mod command_line;
mod exercise;
mod function;
mod group;
mod http;
mod kept;
mod launches;
mod listen;
mod load;
mod network;
mod pressure;
mod protocol;
pub mod records;
mod rollout;
pub mod scratch;
mod search;
mod start;
mod stop;
pub mod structure;
mod subject;
mod trial;
mod written;

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::evidence::{Evidence, Outcome, Readiness};

pub use function::Function;
pub use rollout::{Amount, BadAmount, Rehearsal, rehearse};
pub use subject::{Event, ProveError, Settings, Subject, UserCheck};

use trial::{Awaited, Ending};

/// Run all experiments on an image.
pub fn prove(subject: &Subject<'_>) -> Result<Evidence, ProveError> {
    let launches = launches::run(subject)?;
    let structure = structure::run(subject)?;
    let readiness = launches.readiness(subject, structure);
    let mut evidence = Evidence {
        image: subject.reference.clone(),
        digest: subject.image.manifest_digest.to_string(),
        machine: subject.machine.clone(),
        launches: launches.records,
        given: subject.given.clone(),
        promised: Some(start::promised(subject)?),
        readiness: Some(readiness).filter(|readiness| *readiness != Readiness::default()),
        ..Evidence::default()
    };
    let Some(baseline) = launches.baseline else {
        search_job(subject, &mut evidence)?;
        return Ok(evidence);
    };
    // What was not answered well once is not waited for again at every start.
    let answered_well = baseline.answered.as_ref().is_some_and(|answered| answered.good);
    let function = if answered_well { baseline.function.clone() } else { Function::Nothing };
    let subject = &Subject { function: Some(function), http: baseline.http(), ..subject.clone() };
    evidence.amounts = Some(amounts::run(subject, &baseline)?);
    let stop = stop::run(subject, &baseline)?;
    let facts = exercise::Baseline::of(baseline, &stop, subject);
    evidence.written = facts.written.clone();
    evidence.memory_peak = facts.memory_peak;
    evidence.http = facts.http.clone();
    evidence.stop = Some(stop.record);
    let searched = search::run(subject, &facts)?;
    evidence.rungs = searched.rungs;
    evidence.hardening = Some(searched.hardening);
    Ok(evidence)
}

/// An image that ends by itself with success works when it does so again. Where ports are promised, success
/// says nothing: a daemon that goes to the background ends with 0 whatever becomes of it.
fn search_job(subject: &Subject<'_>, evidence: &mut Evidence) -> Result<(), ProveError> {
    if !subject.contract.ports.is_empty() {
        return Ok(());
    }
    let outcome = evidence.as_built().map(|record| &record.outcome);
    let Some(Outcome::Exited { code: code @ 0, .. }) = outcome else { return Ok(()) };
    let code = *code;
    let spec = subject.spec(stop::as_built(subject))?;
    let awaited = Awaited { ports: &[], watch: subject.settings.watch };
    let trial = trial::run(subject, &spec, awaited, Ending::Kill)?;
    let facts = exercise::Baseline::of_job(trial, code, subject);
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
