//! The launch matrix: every way of starting the image, really done. The image as built comes first and
//! alone: its times count. The others do not disturb each other and are done side by side.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use plimsoll_contract::contract::{Launch, LaunchMode, Pid1};
use plimsoll_contract::evidence::{LaunchRecord, Outcome, Readiness, StructureTest};
use plimsoll_contract::modes;
use plimsoll_model::{LaunchSpec, PortSpec};
use plimsoll_runtime::host::IdMap;

use crate::command_line;
use crate::subject::{ProveError, Subject};
use crate::trial::{self, Awaited, Ending, Fate, Trial};

/// All launches, and the trial of the image as built if it stayed running.
pub(crate) struct Launches {
    pub(crate) records: Vec<LaunchRecord>,
    pub(crate) baseline: Option<Trial>,
}

impl Launches {
    /// What became known of the image as built once it was ready.
    pub(crate) fn readiness(&self, subject: &Subject<'_>, structure: Vec<StructureTest>) -> Readiness {
        let check = subject.check.as_ref();
        let Some(trial) = &self.baseline else {
            let answer = crate::Function::of(check, &[]).evidence(check, None);
            return Readiness { answer, structure, ..Readiness::default() };
        };
        let answered = trial.answered.as_ref();
        Readiness {
            experiment: self.records.first().map_or(String::new(), |record| record.id.clone()),
            ports: trial.heard.iter().map(|heard| heard.fact.clone()).collect(),
            answer: trial.function.evidence(check, answered),
            first_answer: answered.filter(|answered| answered.good).map(|answered| answered.after),
            structure,
        }
    }
}

/// A launch of the matrix that is to be done: where its record stands, and what is started.
struct Planned {
    at: usize,
    spec: LaunchSpec,
}

/// Carry the matrix out.
pub(crate) fn run(subject: &Subject<'_>) -> Result<Launches, ProveError> {
    let predicted: Vec<Launch> =
        modes::matrix(subject.contract).iter().map(|mode| modes::launch(subject.contract, mode)).collect();
    // What has the same argv is the same launch, and is done once.
    let mut planned: Vec<Planned> = Vec::new();
    for (at, launch) in predicted.iter().enumerate() {
        if let Ok(argv) = &launch.argv
            && !planned.iter().any(|known| known.spec.argv == *argv)
        {
            planned.push(Planned { at, spec: subject.spec(argv.clone())? });
        }
    }
    let mut done: Vec<(usize, LaunchRecord)> = Vec::new();
    let mut baseline = None;
    let as_built = planned.iter().position(|launch| predicted[launch.at].mode == LaunchMode::AsBuilt);
    if let Some(first) = as_built.map(|at| planned.remove(at)) {
        let ports: Vec<PortSpec> = subject.contract.ports.iter().map(|port| port.value).collect();
        let awaited = Awaited { ports: &ports, watch: subject.settings.watch };
        subject.tell(described(first.at, &predicted));
        let trial = trial::discover(subject, &first.spec, awaited)?;
        done.push((first.at, record(subject, &first, &predicted[first.at], &trial)?));
        baseline = Some(trial).filter(|trial| matches!(trial.fate, Fate::Running(_)));
    }
    // Only a launch that runs the promised program can be expected to open the promised ports.
    let awaited = Awaited { ports: &[], watch: patience(subject, baseline.as_ref()) };
    done.extend(side_by_side(subject, &planned, &predicted, awaited)?);
    let records = predicted.into_iter().enumerate().map(|(at, launch)| matched(subject, at, launch, &done));
    Ok(Launches { records: records.collect(), baseline })
}

/// As many at once as there are processors.
fn side_by_side(
    subject: &Subject<'_>,
    planned: &[Planned],
    predicted: &[Launch],
    awaited: Awaited<'_>,
) -> Result<Vec<(usize, LaunchRecord)>, ProveError> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(planned.len());
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some(launch) = planned.get(next.fetch_add(1, Ordering::Relaxed)) {
            subject.tell(described(launch.at, predicted));
            let result = trial::run(subject, &launch.spec, awaited, Ending::Kill)
                .and_then(|trial| record(subject, launch, &predicted[launch.at], &trial));
            let mut results = results.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            results.push(result.map(|record| (launch.at, record)));
        }
    };
    std::thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().collect()
}

fn id(at: usize) -> String {
    format!("launch-{}", at + 1)
}

fn described(at: usize, predicted: &[Launch]) -> String {
    format!("{}: {}", id(at), predicted[at].mode.phrase())
}

/// The record of a launch: its own, that of the same argv, or the engine's refusal.
fn matched(subject: &Subject<'_>, at: usize, launch: Launch, done: &[(usize, LaunchRecord)]) -> LaunchRecord {
    let same = done.iter().map(|(_, record)| record).find(|record| record.predicted.argv == launch.argv);
    match (same, &launch.argv) {
        (Some(same), _) => LaunchRecord { id: id(at), predicted: launch, ..same.clone() },
        (None, argv) => LaunchRecord {
            outcome: Outcome::NotStarted { code: 125, why: argv.as_ref().err().cloned().unwrap_or_default() },
            id: id(at),
            command: format!("plimsoll explain {}", subject.reference),
            log: Vec::new(),
            took: Duration::ZERO,
            start: None,
            predicted: launch,
        },
    }
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
    subject: &Subject<'_>,
    planned: &Planned,
    predicted: &Launch,
    trial: &Trial,
) -> Result<LaunchRecord, ProveError> {
    let outcome = match &trial.fate {
        Fate::Running(observed) => Outcome::Running(observed.clone()),
        Fate::Exited { code, .. } if *code != 0 && needs_more_ids(subject, planned, &trial.log) => {
            Outcome::Undecided { why: ONE_ID.to_string() }
        }
        Fate::Exited { code, seen } => Outcome::Exited { code: *code, seen: seen.clone() },
        Fate::NotStarted { code, why } => Outcome::NotStarted { code: *code, why: why.clone() },
    };
    let mut start = trial.start.clone();
    if let (Some(known), Outcome::Exited { .. }) = (&mut start, &outcome)
        && trial.took < SHORT
        && is_open(predicted)
        && let Some((again, became)) = trial::follow(subject, &planned.spec)?
        // Another program this time: what it became says nothing about the first.
        && again.program == known.program
    {
        known.became = Some(became);
    }
    Ok(LaunchRecord {
        id: id(planned.at),
        predicted: predicted.clone(),
        outcome,
        command: command_line::of(subject, &planned.spec),
        log: trial.log.clone(),
        took: trial.took,
        start,
    })
}

/// What a program that starts as root may say where only one id is mapped.
const ONE_ID: &str = "it ended because ids were refused that this machine does not map: an ordinary user \
                      without subordinate ids has one";

/// It started as root, and said that a change of ids or owners was refused: with one mapped id there is
/// nothing to change to, which says nothing about the image.
fn needs_more_ids(subject: &Subject<'_>, planned: &Planned, log: &[String]) -> bool {
    if subject.host.ids != IdMap::Single || planned.spec.user.uid != 0 {
        return false;
    }
    let refused = ["invalid argument", "operation not permitted", "einval", "eperm"];
    let changes = [
        "chown",
        "owner",
        "setuid",
        "setgid",
        "setres",
        "setgroups",
        "initgroups",
        "group",
        "user",
        "privileges",
    ];
    log.iter().map(|line| line.to_ascii_lowercase()).any(|line| {
        refused.iter().any(|word| line.contains(word)) && changes.iter().any(|word| line.contains(word))
    })
}

/// A program that ended before this was hardly seen, and is run again to be followed.
const SHORT: Duration = Duration::from_secs(2);

/// Whether PID 1 may become something else than it was started as.
fn is_open(predicted: &Launch) -> bool {
    let first = predicted.argv.as_ref().ok().and_then(|argv| argv.first());
    match &predicted.pid1 {
        Pid1::Program(program) => first.is_none_or(|first| first != program),
        Pid1::Shell { .. } | Pid1::Unknown(_) => true,
        Pid1::Nothing => false,
    }
}
