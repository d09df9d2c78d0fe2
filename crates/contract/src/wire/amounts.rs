//! Times and amounts as JSON.

use serde::{Deserialize, Serialize};

use super::{duration, micros};
use crate::evidence::{Amounts, MachineLoad, StartTimes, Verdict};

#[derive(Serialize, Deserialize)]
pub(super) struct AmountsWire {
    runs: Vec<RunWire>,
    memory_idle: Option<u64>,
    descriptors: u64,
    threads: u64,
    processes: u64,
    load: LoadWire,
    timing: Option<VerdictWire>,
}

#[derive(Serialize, Deserialize)]
struct RunWire {
    listen_us: Option<u64>,
    answer_us: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct LoadWire {
    waiting_thousandths: Vec<Option<u32>>,
    method: String,
    repeated: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
enum VerdictWire {
    Proven,
    Refuted { why: String },
    Unproven { why: String },
}

impl From<&Amounts> for AmountsWire {
    fn from(amounts: &Amounts) -> Self {
        let run = |run: &StartTimes| RunWire {
            listen_us: run.listen.map(micros),
            answer_us: run.answer.map(micros),
        };
        AmountsWire {
            runs: amounts.runs.iter().map(run).collect(),
            memory_idle: amounts.memory_idle,
            descriptors: amounts.descriptors,
            threads: amounts.threads,
            processes: amounts.processes,
            load: LoadWire {
                waiting_thousandths: amounts.load.waiting.clone(),
                method: amounts.load.method.clone(),
                repeated: amounts.load.repeated,
            },
            timing: amounts.timing.as_ref().map(|verdict| match verdict.clone() {
                Verdict::Proven => VerdictWire::Proven,
                Verdict::Refuted(why) => VerdictWire::Refuted { why },
                Verdict::Unproven(why) => VerdictWire::Unproven { why },
            }),
        }
    }
}

impl AmountsWire {
    pub(super) fn read(self) -> Amounts {
        let run = |run: RunWire| StartTimes {
            listen: run.listen_us.map(duration),
            answer: run.answer_us.map(duration),
        };
        Amounts {
            runs: self.runs.into_iter().map(run).collect(),
            memory_idle: self.memory_idle,
            descriptors: self.descriptors,
            threads: self.threads,
            processes: self.processes,
            load: MachineLoad {
                waiting: self.load.waiting_thousandths,
                method: self.load.method,
                repeated: self.load.repeated,
            },
            timing: self.timing.map(|verdict| match verdict {
                VerdictWire::Proven => Verdict::Proven,
                VerdictWire::Refuted { why } => Verdict::Refuted(why),
                VerdictWire::Unproven { why } => Verdict::Unproven(why),
            }),
        }
    }
}
