//! Launches as JSON: the mode, what was predicted, what became of it.

use serde::{Deserialize, Serialize};

use super::observed::ObservedWire;
use super::start::StartWire;
use super::{duration, micros};
use crate::contract::{Launch, LaunchMode, Pid1};
use crate::evidence::{LaunchRecord, Outcome};

#[derive(Serialize, Deserialize)]
pub(super) struct LaunchWire {
    id: String,
    mode: ModeWire,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    argv: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    drops_cmd: bool,
    ignored_args: Vec<String>,
    pid1: Pid1Wire,
    outcome: OutcomeWire,
    command: String,
    log: Vec<String>,
    took_us: u64,
    #[serde(default)]
    start: Option<StartWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ModeWire {
    AsBuilt,
    RunArgs { args: Vec<String> },
    Entrypoint { program: String, args: Vec<String> },
    Pod,
    PodArgs { args: Vec<String> },
    PodCommand { command: Vec<String> },
    PodCommandArgs { command: Vec<String>, args: Vec<String> },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Pid1Wire {
    Program { program: String },
    Shell { shell: String, child: Option<String> },
    Unknown { why: String },
    Nothing,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum OutcomeWire {
    Running { seen: ObservedWire },
    Exited { code: i32, seen: Option<ObservedWire> },
    NotStarted { code: i32, why: String },
    Undecided { why: String },
}

impl From<&LaunchRecord> for LaunchWire {
    fn from(record: &LaunchRecord) -> Self {
        let predicted = &record.predicted;
        LaunchWire {
            id: record.id.clone(),
            mode: ModeWire::from(&predicted.mode),
            argv: predicted.argv.as_ref().ok().cloned(),
            refusal: predicted.argv.as_ref().err().cloned(),
            drops_cmd: predicted.drops_cmd,
            ignored_args: predicted.ignored_args.clone(),
            pid1: Pid1Wire::from(&predicted.pid1),
            outcome: OutcomeWire::from(&record.outcome),
            command: record.command.clone(),
            log: record.log.clone(),
            took_us: micros(record.took),
            start: record.start.as_ref().map(StartWire::from),
        }
    }
}

impl LaunchWire {
    pub(super) fn read(self) -> Result<LaunchRecord, String> {
        let argv = match (self.argv, self.refusal) {
            (Some(argv), None) => Ok(argv),
            (None, Some(refusal)) => Err(refusal),
            _ => return Err(format!("launch '{}' needs either argv or refusal", self.id)),
        };
        Ok(LaunchRecord {
            id: self.id,
            predicted: Launch {
                mode: self.mode.read(),
                argv,
                // Of what happened here other engines are no part.
                elsewhere: None,
                drops_cmd: self.drops_cmd,
                ignored_args: self.ignored_args,
                pid1: self.pid1.read(),
            },
            outcome: self.outcome.read()?,
            command: self.command,
            log: self.log,
            took: duration(self.took_us),
            start: self.start.map(StartWire::read),
        })
    }
}

impl From<&LaunchMode> for ModeWire {
    fn from(mode: &LaunchMode) -> Self {
        match mode.clone() {
            LaunchMode::AsBuilt => ModeWire::AsBuilt,
            LaunchMode::RunArgs(args) => ModeWire::RunArgs { args },
            LaunchMode::Entrypoint(program, args) => ModeWire::Entrypoint { program, args },
            LaunchMode::Pod => ModeWire::Pod,
            LaunchMode::PodArgs(args) => ModeWire::PodArgs { args },
            LaunchMode::PodCommand(command) => ModeWire::PodCommand { command },
            LaunchMode::PodBoth(command, args) => ModeWire::PodCommandArgs { command, args },
        }
    }
}

impl ModeWire {
    pub(super) fn read(self) -> LaunchMode {
        match self {
            ModeWire::AsBuilt => LaunchMode::AsBuilt,
            ModeWire::RunArgs { args } => LaunchMode::RunArgs(args),
            ModeWire::Entrypoint { program, args } => LaunchMode::Entrypoint(program, args),
            ModeWire::Pod => LaunchMode::Pod,
            ModeWire::PodArgs { args } => LaunchMode::PodArgs(args),
            ModeWire::PodCommand { command } => LaunchMode::PodCommand(command),
            ModeWire::PodCommandArgs { command, args } => LaunchMode::PodBoth(command, args),
        }
    }
}

impl From<&Pid1> for Pid1Wire {
    fn from(pid1: &Pid1) -> Self {
        match pid1.clone() {
            Pid1::Program(program) => Pid1Wire::Program { program },
            Pid1::Shell { shell, child } => Pid1Wire::Shell { shell, child },
            Pid1::Unknown(why) => Pid1Wire::Unknown { why },
            Pid1::Nothing => Pid1Wire::Nothing,
        }
    }
}

impl Pid1Wire {
    pub(super) fn read(self) -> Pid1 {
        match self {
            Pid1Wire::Program { program } => Pid1::Program(program),
            Pid1Wire::Shell { shell, child } => Pid1::Shell { shell, child },
            Pid1Wire::Unknown { why } => Pid1::Unknown(why),
            Pid1Wire::Nothing => Pid1::Nothing,
        }
    }
}

impl From<&Outcome> for OutcomeWire {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Running(seen) => OutcomeWire::Running { seen: seen.into() },
            Outcome::Exited { code, seen } => {
                OutcomeWire::Exited { code: *code, seen: seen.as_ref().map(ObservedWire::from) }
            }
            Outcome::NotStarted { code, why } => OutcomeWire::NotStarted { code: *code, why: why.clone() },
            Outcome::Undecided { why } => OutcomeWire::Undecided { why: why.clone() },
        }
    }
}

impl OutcomeWire {
    pub(super) fn read(self) -> Result<Outcome, String> {
        Ok(match self {
            OutcomeWire::Running { seen } => Outcome::Running(seen.read()?),
            OutcomeWire::Exited { code, seen } => {
                Outcome::Exited { code, seen: seen.map(ObservedWire::read).transpose()? }
            }
            OutcomeWire::NotStarted { code, why } => Outcome::NotStarted { code, why },
            OutcomeWire::Undecided { why } => Outcome::Undecided { why },
        })
    }
}
