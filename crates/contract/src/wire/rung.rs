//! Restrictions tried and what they needed, as JSON.

use serde::{Deserialize, Serialize};

use crate::evidence::{Relaxation, Rung, RungRecord, Verdict};

#[derive(Serialize, Deserialize)]
pub(super) struct RungWire {
    id: String,
    rung: RungKindWire,
    verdict: VerdictWire,
    fact: String,
    relaxations: Vec<RelaxationWire>,
    command: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum RungKindWire {
    NonRoot { uid: u32, gid: u32 },
    ReadOnlyRoot,
    DropAllCapabilities,
    NoNewPrivileges,
    AllTogether,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum RelaxationWire {
    WritableMount { path: String },
    Capability { name: String },
    RunAsRoot,
    WritableRoot,
    PrivilegeEscalation,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum VerdictWire {
    Proven,
    Refuted { seen: String },
    Unproven { why: String },
}

impl From<&RungRecord> for RungWire {
    fn from(record: &RungRecord) -> Self {
        let rung = match record.rung {
            Rung::NonRoot { uid, gid } => RungKindWire::NonRoot { uid, gid },
            Rung::ReadOnlyRoot => RungKindWire::ReadOnlyRoot,
            Rung::DropAllCapabilities => RungKindWire::DropAllCapabilities,
            Rung::NoNewPrivileges => RungKindWire::NoNewPrivileges,
            Rung::AllTogether => RungKindWire::AllTogether,
        };
        let verdict = match record.verdict.clone() {
            Verdict::Proven => VerdictWire::Proven,
            Verdict::Refuted(seen) => VerdictWire::Refuted { seen },
            Verdict::Unproven(why) => VerdictWire::Unproven { why },
        };
        let relaxation = |relaxation: &Relaxation| match relaxation.clone() {
            Relaxation::WritableMount(path) => RelaxationWire::WritableMount { path },
            Relaxation::Capability(name) => RelaxationWire::Capability { name },
            Relaxation::RunAsRoot => RelaxationWire::RunAsRoot,
            Relaxation::WritableRoot => RelaxationWire::WritableRoot,
            Relaxation::PrivilegeEscalation => RelaxationWire::PrivilegeEscalation,
        };
        RungWire {
            id: record.id.clone(),
            rung,
            verdict,
            fact: record.fact.clone(),
            relaxations: record.relaxations.iter().map(relaxation).collect(),
            command: record.command.clone(),
        }
    }
}

impl RungWire {
    pub(super) fn read(self) -> RungRecord {
        let rung = match self.rung {
            RungKindWire::NonRoot { uid, gid } => Rung::NonRoot { uid, gid },
            RungKindWire::ReadOnlyRoot => Rung::ReadOnlyRoot,
            RungKindWire::DropAllCapabilities => Rung::DropAllCapabilities,
            RungKindWire::NoNewPrivileges => Rung::NoNewPrivileges,
            RungKindWire::AllTogether => Rung::AllTogether,
        };
        let verdict = match self.verdict {
            VerdictWire::Proven => Verdict::Proven,
            VerdictWire::Refuted { seen } => Verdict::Refuted(seen),
            VerdictWire::Unproven { why } => Verdict::Unproven(why),
        };
        let relaxation = |wire: RelaxationWire| match wire {
            RelaxationWire::WritableMount { path } => Relaxation::WritableMount(path),
            RelaxationWire::Capability { name } => Relaxation::Capability(name),
            RelaxationWire::RunAsRoot => Relaxation::RunAsRoot,
            RelaxationWire::WritableRoot => Relaxation::WritableRoot,
            RelaxationWire::PrivilegeEscalation => Relaxation::PrivilegeEscalation,
        };
        RungRecord {
            id: self.id,
            rung,
            verdict,
            fact: self.fact,
            relaxations: self.relaxations.into_iter().map(relaxation).collect(),
            command: self.command,
        }
    }
}
