//! The stop test as JSON.

use plimsoll_model::Signal;
use serde::{Deserialize, Serialize};

use super::{duration, micros, read_signal};
use crate::evidence::{ConnectionCount, ConnectionKind, End, ProcessEnd, StopCondition, StopRecord, StopRun};

#[derive(Serialize, Deserialize)]
pub(super) struct StopWire {
    id: String,
    signal: String,
    grace_us: u64,
    times_us: Vec<u64>,
    code: i32,
    killed: bool,
    killed_with_namespace: Vec<String>,
    zombies: u32,
    listener_closed_us: Option<u64>,
    log: Vec<String>,
    #[serde(default)]
    runs: Vec<RunWire>,
    #[serde(default)]
    undelivered: Vec<String>,
    #[serde(default)]
    untried: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct RunWire {
    id: String,
    condition: ConditionWire,
    signal: String,
    grace_us: u64,
    took_us: u64,
    code: i32,
    killed: bool,
    listener_closed_us: Option<u64>,
    last_answer_us: Option<u64>,
    processes: Vec<EndWire>,
    connections: Vec<CountWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum ConditionWire {
    Quiet,
    Requests,
    Held,
    OtherSignal,
    Init,
    SecondSignal { after_us: u64 },
    ShortGrace,
}

#[derive(Serialize, Deserialize)]
struct EndWire {
    pid: u32,
    #[serde(default)]
    parent: u32,
    command: String,
    listens: bool,
    handles: bool,
    end: HowWire,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum HowWire {
    Exit { code: i32 },
    Signal { signal: String },
    Killed,
    WithNamespace,
    Unknown,
}

#[derive(Serialize, Deserialize)]
struct CountWire {
    kind: KindWire,
    answered: u32,
    error_status: u32,
    reset: u32,
    eof: u32,
    refused: u32,
    timeout: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindWire {
    Idle,
    HalfSent,
    InFlight,
    New,
}

impl From<&StopRecord> for StopWire {
    fn from(stop: &StopRecord) -> Self {
        StopWire {
            id: stop.id.clone(),
            signal: stop.signal.to_string(),
            grace_us: micros(stop.grace),
            times_us: stop.times.iter().copied().map(micros).collect(),
            code: stop.code,
            killed: stop.killed,
            killed_with_namespace: stop.killed_with_namespace.clone(),
            zombies: stop.zombies,
            listener_closed_us: stop.listener_closed.map(micros),
            log: stop.log.clone(),
            runs: stop.runs.iter().map(RunWire::from).collect(),
            undelivered: stop.undelivered.iter().map(Signal::to_string).collect(),
            untried: stop.untried.clone(),
        }
    }
}

impl StopWire {
    pub(super) fn read(self) -> Result<StopRecord, String> {
        Ok(StopRecord {
            id: self.id,
            signal: read_signal(&self.signal)?,
            grace: duration(self.grace_us),
            times: self.times_us.into_iter().map(duration).collect(),
            code: self.code,
            killed: self.killed,
            killed_with_namespace: self.killed_with_namespace,
            zombies: self.zombies,
            listener_closed: self.listener_closed_us.map(duration),
            log: self.log,
            runs: self.runs.into_iter().map(RunWire::read).collect::<Result<_, _>>()?,
            undelivered: self.undelivered.iter().map(|name| read_signal(name)).collect::<Result<_, _>>()?,
            untried: self.untried,
        })
    }
}

impl From<&StopRun> for RunWire {
    fn from(run: &StopRun) -> Self {
        RunWire {
            id: run.id.clone(),
            condition: ConditionWire::of(run.condition),
            signal: run.signal.to_string(),
            grace_us: micros(run.grace),
            took_us: micros(run.took),
            code: run.code,
            killed: run.killed,
            listener_closed_us: run.listener_closed.map(micros),
            last_answer_us: run.last_answer.map(micros),
            processes: run.processes.iter().map(EndWire::from).collect(),
            connections: run.connections.iter().map(CountWire::from).collect(),
        }
    }
}

impl RunWire {
    fn read(self) -> Result<StopRun, String> {
        Ok(StopRun {
            id: self.id,
            condition: self.condition.read(),
            signal: read_signal(&self.signal)?,
            grace: duration(self.grace_us),
            took: duration(self.took_us),
            code: self.code,
            killed: self.killed,
            listener_closed: self.listener_closed_us.map(duration),
            last_answer: self.last_answer_us.map(duration),
            processes: self.processes.into_iter().map(EndWire::read).collect::<Result<_, _>>()?,
            connections: self.connections.into_iter().map(CountWire::read).collect(),
        })
    }
}

impl ConditionWire {
    fn of(condition: StopCondition) -> Self {
        match condition {
            StopCondition::Quiet => ConditionWire::Quiet,
            StopCondition::Requests => ConditionWire::Requests,
            StopCondition::Held => ConditionWire::Held,
            StopCondition::OtherSignal => ConditionWire::OtherSignal,
            StopCondition::Init => ConditionWire::Init,
            StopCondition::SecondSignal(after) => ConditionWire::SecondSignal { after_us: micros(after) },
            StopCondition::ShortGrace => ConditionWire::ShortGrace,
        }
    }

    fn read(self) -> StopCondition {
        match self {
            ConditionWire::Quiet => StopCondition::Quiet,
            ConditionWire::Requests => StopCondition::Requests,
            ConditionWire::Held => StopCondition::Held,
            ConditionWire::OtherSignal => StopCondition::OtherSignal,
            ConditionWire::Init => StopCondition::Init,
            ConditionWire::SecondSignal { after_us } => StopCondition::SecondSignal(duration(after_us)),
            ConditionWire::ShortGrace => StopCondition::ShortGrace,
        }
    }
}

impl From<&ProcessEnd> for EndWire {
    fn from(process: &ProcessEnd) -> Self {
        EndWire {
            pid: process.pid,
            parent: process.parent,
            command: process.command.clone(),
            listens: process.listens,
            handles: process.handles,
            end: match process.end {
                End::Exit(code) => HowWire::Exit { code },
                End::Signal(signal) => HowWire::Signal { signal: signal.to_string() },
                End::Killed => HowWire::Killed,
                End::WithNamespace => HowWire::WithNamespace,
                End::Unknown => HowWire::Unknown,
            },
        }
    }
}

impl EndWire {
    fn read(self) -> Result<ProcessEnd, String> {
        Ok(ProcessEnd {
            pid: self.pid,
            parent: self.parent,
            command: self.command,
            listens: self.listens,
            handles: self.handles,
            end: match self.end {
                HowWire::Exit { code } => End::Exit(code),
                HowWire::Signal { signal } => End::Signal(read_signal(&signal)?),
                HowWire::Killed => End::Killed,
                HowWire::WithNamespace => End::WithNamespace,
                HowWire::Unknown => End::Unknown,
            },
        })
    }
}

impl From<&ConnectionCount> for CountWire {
    fn from(count: &ConnectionCount) -> Self {
        let ConnectionCount { kind, answered, error_status, reset, eof, refused, timeout } = *count;
        let kind = match kind {
            ConnectionKind::Idle => KindWire::Idle,
            ConnectionKind::HalfSent => KindWire::HalfSent,
            ConnectionKind::InFlight => KindWire::InFlight,
            ConnectionKind::New => KindWire::New,
        };
        CountWire { kind, answered, error_status, reset, eof, refused, timeout }
    }
}

impl CountWire {
    fn read(self) -> ConnectionCount {
        let CountWire { kind, answered, error_status, reset, eof, refused, timeout } = self;
        let kind = match kind {
            KindWire::Idle => ConnectionKind::Idle,
            KindWire::HalfSent => ConnectionKind::HalfSent,
            KindWire::InFlight => ConnectionKind::InFlight,
            KindWire::New => ConnectionKind::New,
        };
        ConnectionCount { kind, answered, error_status, reset, eof, refused, timeout }
    }
}
