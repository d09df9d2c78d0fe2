//! The launch matrix: every way of starting the image, really done.

use std::time::Duration;

use plimsoll_contract::contract::LaunchMode;
use plimsoll_contract::evidence::{LaunchRecord, Outcome};
use plimsoll_contract::modes;
use plimsoll_model::PortSpec;

use crate::command_line;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Ending, Fate, Trial};

/// All launches, and the trial of the image as built if it started.
pub(crate) struct Launches {
    pub(crate) records: Vec<LaunchRecord>,
    pub(crate) baseline: Option<Trial>,
}

pub(crate) fn run(subject: &Subject<'_>) -> Result<Launches, ProveError> {
    let mut launches = Launches { records: Vec::new(), baseline: None };
    let ports: Vec<PortSpec> = subject.contract.ports.iter().map(|port| port.value).collect();
    for (index, mode) in modes::matrix(subject.contract).into_iter().enumerate() {
        let predicted = modes::launch(subject.contract, &mode);
        let id = format!("launch-{}", index + 1);
        subject.tell(format!("{id}: {}", mode.phrase()));
        let argv = match &predicted.argv {
            Ok(argv) => argv.clone(),
            Err(why) => {
                let outcome = Outcome::NotStarted { code: 125, why: why.clone() };
                let command = format!("plimsoll explain {}", subject.reference);
                launches.records.push(record(id, predicted, outcome, command, None));
                continue;
            }
        };
        // What is the same for all of them has been tried already.
        let same =
            launches.records.iter().find(|record| record.predicted.argv.as_ref() == Ok(&argv)).cloned();
        if let Some(same) = same {
            launches.records.push(LaunchRecord { id, predicted, ..same });
            continue;
        }
        let spec = subject.spec(argv)?;
        let command = command_line::of(&spec, (spec.user.uid, spec.user.gid), &subject.reference);
        // Only a launch that runs the promised program can be expected to open the promised ports.
        let promised = matches!(mode, LaunchMode::AsBuilt);
        let expected = if promised { ports.as_slice() } else { &[] };
        let awaited = Awaited { ports: expected, watch: patience(subject, launches.baseline.as_ref()) };
        let trial = trial::run(subject, &spec, awaited, Ending::Kill)?;
        let outcome = match &trial.fate {
            Fate::Running(observed) => Outcome::Running(observed.clone()),
            Fate::Exited { code, seen } => Outcome::Exited { code: *code, seen: seen.clone() },
            Fate::NotStarted { code, why } => Outcome::NotStarted { code: *code, why: why.clone() },
        };
        launches.records.push(record(id, predicted, outcome, command, Some(&trial)));
        if mode == LaunchMode::AsBuilt && matches!(trial.fate, Fate::Running(_)) {
            launches.baseline = Some(trial);
        }
    }
    Ok(launches)
}

/// How long to watch a launch of which no port is expected: a slow program takes its time to fail,
/// too.
fn patience(subject: &Subject<'_>, baseline: Option<&Trial>) -> Duration {
    let settings = &subject.settings;
    baseline.map_or(settings.watch, |trial| {
        (trial.took * 3).clamp(settings.watch, settings.ready_limit.max(settings.watch))
    })
}

fn record(
    id: String,
    predicted: plimsoll_contract::contract::Launch,
    outcome: Outcome,
    command: String,
    trial: Option<&Trial>,
) -> LaunchRecord {
    let log = trial.map_or(Vec::new(), |trial| trial.log.clone());
    let took = trial.map_or(std::time::Duration::ZERO, |trial| trial.took);
    LaunchRecord { id, predicted, outcome, command, log, took }
}
