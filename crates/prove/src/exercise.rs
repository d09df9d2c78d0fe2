//! What "works" means: listening as before, answering as before, stopping as before, with the same
//! users. One number is not enough: redis without rights to its directory answers PING and cannot
//! save, httpd without capabilities serves while its workers silently stay root.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_contract::evidence::{HttpAnswer, Listener, Observed, StopCondition, WrittenPath};

use crate::function::Function;
use crate::kept::Kept;
use crate::stop::StopTest;
use crate::subject::Subject;
use crate::trial::{Fate, Trial};

/// The image as built, as it was seen to work.
#[derive(Debug, Clone)]
pub(crate) struct Baseline {
    pub(crate) listening: Vec<Listener>,
    pub(crate) http: Option<HttpAnswer>,
    /// What it was asked, if the answer was good.
    pub(crate) function: Option<Function>,
    pub(crate) stop_code: i32,
    pub(crate) killed: bool,
    pub(crate) users: BTreeSet<(u32, u32)>,
    pub(crate) written: Vec<WrittenPath>,
    /// Directories written to without a trace left in them.
    pub(crate) touched: BTreeSet<String>,
    /// What must not be lost.
    pub(crate) kept: Kept,
    pub(crate) memory_peak: Option<(u64, &'static str)>,
    pub(crate) stop_time: Duration,
    /// It ends by itself with this code, and is not asked to stop.
    pub(crate) ends_with: Option<i32>,
}

/// How the memory figure came about.
const MEMORY_METHOD: &str = "sum of every process' VmHWM, shared pages counted for each";

impl Baseline {
    /// Join the first run with the stop test.
    pub(crate) fn of(first: Trial, stop: &StopTest, subject: &Subject<'_>) -> Self {
        let observed = match &first.fate {
            Fate::Running(observed) => observed.clone(),
            _ => Observed::default(),
        };
        let stopped = stop.last.as_ref().map_or(&[][..], |trial| &trial.written);
        let kept = Kept::of(subject.volumes(), &first.written, stopped);
        let mut written = first.written.clone();
        written.extend_from_slice(stopped);
        written.sort();
        written.dedup_by(|a, b| a.path == b.path);
        let touched =
            first.touched.iter().chain(stop.last.iter().flat_map(|trial| &trial.touched)).cloned().collect();
        let http = first.http();
        let answered_well = first.answered.as_ref().is_some_and(|answered| answered.good);
        // The starts of the search are stopped with nobody connected: some servers end otherwise under load.
        let quiet = stop.record.run(|condition| *condition == StopCondition::Quiet);
        let peak = first.memory_peak.max(stop.last.as_ref().map_or(0, |trial| trial.memory_peak));
        Baseline {
            users: users(&observed),
            listening: observed.listening,
            http,
            function: answered_well.then_some(first.function),
            stop_code: quiet.map_or(stop.record.code, |run| run.code),
            killed: quiet.map_or(stop.record.killed, |run| run.killed),
            written,
            touched,
            kept,
            memory_peak: (peak > 0).then_some((peak, MEMORY_METHOD)),
            stop_time: stop.record.times.iter().max().copied().unwrap_or_default(),
            ends_with: None,
        }
    }

    /// An image that has done its work when it ends.
    pub(crate) fn of_job(first: Trial, code: i32, subject: &Subject<'_>) -> Self {
        Baseline {
            listening: Vec::new(),
            http: None,
            function: None,
            stop_code: code,
            killed: false,
            users: BTreeSet::new(),
            written: first.written,
            touched: first.touched.into_iter().collect(),
            kept: Kept::of(subject.volumes(), &[], &[]),
            memory_peak: None,
            stop_time: Duration::ZERO,
            ends_with: Some(code),
        }
    }

    /// Compare a restricted run: what works, in a phrase, or what does not.
    pub(crate) fn compare(&self, trial: &Trial, same_users: bool) -> Result<String, String> {
        let observed = match &trial.fate {
            Fate::Running(_) if self.ends_with.is_some() => return Err("it did not end".to_string()),
            Fate::Running(observed) => observed,
            Fate::Exited { code, .. } if self.ends_with == Some(*code) => {
                return Ok(format!("ended with {code}"));
            }
            Fate::Exited { code, .. } => return Err(with_reason(format!("exited {code}"), trial)),
            Fate::NotStarted { code, why } => return Err(format!("not started ({code}): {why}")),
        };
        let mut done = vec!["started"];
        for before in &self.listening {
            if !observed.listening.iter().any(|now| now.port == before.port) {
                return Err(with_reason(format!("{} is not listened on", before.port), trial));
            }
        }
        match &self.function {
            Some(function) => {
                let answered = trial.answered.as_ref();
                if !answered.is_some_and(|answered| answered.good) {
                    let why = answered.map_or("it was not asked", |answered| &answered.said);
                    return Err(with_reason(not_as_before(function, why), trial));
                }
                done.extend(function.done());
            }
            None if !self.listening.is_empty() => done.push("listened"),
            None => {}
        }
        if same_users && users(observed) != self.users {
            let text =
                format!("its processes run as {} instead of {}", words(&users(observed)), words(&self.users));
            return Err(text);
        }
        if let Some(stop) = &trial.stop {
            if stop.killed && !self.killed {
                return Err(with_reason("did not stop and was killed".to_string(), trial));
            }
            if !stop.killed && stop.code != self.stop_code {
                return Err(with_reason(
                    format!("stopped with {} instead of {}", stop.code, self.stop_code),
                    trial,
                ));
            }
            done.push(if stop.killed { "had to be killed as before" } else { "stopped" });
        }
        Ok(done.join(", "))
    }
}

/// What a program did not do, in a phrase.
fn not_as_before(function: &Function, why: &str) -> String {
    match function {
        Function::Command { argv } => format!("the check {} failed: {why}", argv.join(" ")),
        Function::HttpCheck { path, .. } => format!("the check {path} failed: {why}"),
        _ => why.to_string(),
    }
}

fn users(observed: &Observed) -> BTreeSet<(u32, u32)> {
    observed
        .processes
        .iter()
        .filter(|process| !process.zombie)
        .map(|process| (process.uid, process.gid))
        .collect()
}

fn words(users: &BTreeSet<(u32, u32)>) -> String {
    users.iter().map(|(uid, gid)| format!("{uid}:{gid}")).collect::<Vec<_>>().join(" and ")
}

/// The line of output that says why, if one does: errors name themselves.
fn with_reason(what: String, trial: &Trial) -> String {
    let lines = trial.stop.as_ref().map_or(&trial.log, |stop| &stop.log);
    let telling = ["denied", "read-only", "not permitted", "error", "fail", "cannot", "unable"];
    let tells = |line: &&String| telling.iter().any(|word| line.to_ascii_lowercase().contains(word));
    match lines.iter().rev().find(tells).or(lines.last()) {
        Some(line) => format!("{what}: {line}"),
        None => what,
    }
}
