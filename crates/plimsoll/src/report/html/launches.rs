//! The launch matrix: a row a launch, opened to command, processes and log.

use plimsoll_contract::contract::Pid1;
use plimsoll_contract::evidence::{LaunchRecord, Outcome};
use plimsoll_contract::judge::{Proof, command_text};

use super::Shown;
use super::limits::Limits;
use super::processes::{Process, tree};
use crate::report::sections::launch_note;
use crate::report::{launch_pid1, launch_result, launch_word, seconds};

/// All launches.
pub struct Launches {
    /// How many were as explained.
    pub proven: usize,
    /// Of how many.
    pub all: usize,
    /// A row each.
    pub rows: Vec<Row>,
}

/// A launch.
pub struct Row {
    pub id: String,
    pub word: &'static str,
    pub mode: String,
    pub pid1: String,
    pub result: String,
    pub note: Option<String>,
    pub predicted: String,
    pub command: String,
    pub took: String,
    pub ports: String,
    pub processes: Vec<Process>,
    pub log: Shown<String>,
}

/// All launches of a proof.
pub fn launches(proof: &Proof, limits: Limits) -> Launches {
    let claims = proof.claims.iter().filter(|claim| claim.id.starts_with("launch"));
    let proven = claims.filter(|claim| claim.verdict == plimsoll_contract::Verdict::Proven).count();
    let rows = limits.shown(&proof.evidence.launches, |record| row(record, proof, limits)).rows;
    Launches { proven, all: proof.evidence.launches.len(), rows }
}

fn row(record: &LaunchRecord, proof: &Proof, limits: Limits) -> Row {
    let observed = match &record.outcome {
        Outcome::Running(seen) | Outcome::Exited { seen: Some(seen), .. } => Some(seen),
        _ => None,
    };
    let ports: Vec<String> = observed
        .iter()
        .flat_map(|seen| &seen.listening)
        .take(20)
        .map(|listener| {
            let only = if listener.loopback_only { " (loopback only)" } else { "" };
            format!("{}{only}", listener.port)
        })
        .collect();
    Row {
        id: limits.name(&record.id),
        word: launch_word(record, proof),
        mode: limits.text(&record.predicted.mode.phrase()),
        pid1: limits.text(&launch_pid1(record)),
        result: launch_result(record),
        note: launch_note(record, proof).map(|note| limits.text(&note)),
        predicted: limits.text(&predicted(record)),
        command: limits.text(&record.command),
        took: if record.took.is_zero() { String::new() } else { seconds(record.took) },
        ports: ports.join(", "),
        processes: observed.map_or(Vec::new(), |seen| tree(&seen.processes, limits)),
        log: limits.log_lines(&record.log),
    }
}

/// What `explain` said would happen.
fn predicted(record: &LaunchRecord) -> String {
    let argv = match &record.predicted.argv {
        Ok(argv) => command_text(argv),
        Err(why) => return why.clone(),
    };
    match &record.predicted.pid1 {
        Pid1::Program(program)
            if record.predicted.argv.as_ref().is_ok_and(|argv| argv.first() == Some(program)) =>
        {
            argv
        }
        Pid1::Program(program) => format!("{argv}, and {program} becomes PID 1"),
        Pid1::Shell { shell, child: Some(child) } => {
            format!("{argv}, where {shell} stays PID 1 and {child} is its child")
        }
        Pid1::Shell { shell, child: None } => format!("{argv}, where {shell} stays PID 1"),
        Pid1::Unknown(why) => format!("{argv}; who stays PID 1 cannot be told: {why}"),
        Pid1::Nothing => argv,
    }
}

impl Limits {
    /// The first lines of a log.
    pub fn log_lines(self, log: &[String]) -> Shown<String> {
        let rows = log.iter().take(self.log).map(|line| self.text(line)).collect();
        Shown { rows, more: log.len().saturating_sub(self.log) }
    }
}
