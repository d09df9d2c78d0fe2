//! The stop test: the stop signal, the time until the end, what was left behind.

use plimsoll_contract::evidence::StopRecord;
use plimsoll_model::PortSpec;

use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Ending, Fate, Trial};

/// The record, and the last run behind it.
pub(crate) struct StopTest {
    pub(crate) record: StopRecord,
    pub(crate) last: Option<Trial>,
}

/// Stop the image as built several times. A program that has to be killed is tried once: it costs
/// the whole grace, and nothing new would be seen.
pub(crate) fn run(subject: &Subject<'_>, baseline: &Trial) -> Result<StopTest, ProveError> {
    let spec = subject.spec(as_built(subject))?;
    let ports: Vec<PortSpec> = match &baseline.fate {
        Fate::Running(observed) => observed.listening.iter().map(|listener| listener.port).collect(),
        _ => Vec::new(),
    };
    let awaited = Awaited { ports: &ports, watch: subject.settings.watch };
    let mut record = StopRecord {
        id: "stop".to_string(),
        signal: spec.stop.signal,
        grace: spec.stop.grace,
        times: Vec::new(),
        code: 0,
        killed: false,
        killed_with_namespace: Vec::new(),
        zombies: baseline.zombies,
        listener_closed: None,
        log: Vec::new(),
    };
    let mut last = None;
    for number in 1..=subject.settings.stop_runs {
        subject.tell(format!("stop test {number} of {}", subject.settings.stop_runs));
        let trial = trial::run(subject, &spec, awaited, Ending::Stop)?;
        let Some(stop) = &trial.stop else { break };
        record.times.push(stop.took);
        record.code = stop.code;
        record.killed = stop.killed;
        record.killed_with_namespace = stop.left_behind.clone();
        record.zombies = record.zombies.max(trial.zombies);
        record.listener_closed = stop.listener_closed;
        record.log = stop.log.clone();
        last = Some(trial);
        if record.killed {
            break;
        }
    }
    Ok(StopTest { record, last })
}

/// argv of the image as built.
pub(crate) fn as_built(subject: &Subject<'_>) -> Vec<String> {
    let contract = subject.contract;
    contract.entrypoint.value.iter().chain(&contract.cmd.value).cloned().collect()
}
