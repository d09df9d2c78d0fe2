//! Restrictions tried and what they needed, as JSON.

use serde::{Deserialize, Serialize};

use crate::evidence::{Hardening, RecordedCalls, Refused, Relaxation, Rung, RungRecord, Verdict};

#[derive(Serialize, Deserialize)]
pub(super) struct RungWire {
    id: String,
    rung: RungKindWire,
    verdict: VerdictWire,
    fact: String,
    relaxations: Vec<RelaxationWire>,
    #[serde(default)]
    refused: Vec<RefusedWire>,
    command: String,
}

#[derive(Serialize, Deserialize)]
struct RefusedWire {
    call: String,
    subject: String,
    why: String,
    program: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HardeningWire {
    user: Option<(u32, u32)>,
    relaxations: Vec<RelaxationWire>,
    starts: u32,
    sent_to: Vec<String>,
    #[serde(default)]
    seccomp: Option<RecordedCallsWire>,
}

#[derive(Serialize, Deserialize)]
struct RecordedCallsWire {
    calls: Vec<String>,
    launch: Vec<String>,
    foreign: bool,
    verdict: VerdictWire,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum RungKindWire {
    NonRoot { uid: u32, gid: u32 },
    ReadOnlyRoot,
    DropAllCapabilities,
    NoNewPrivileges,
    AllTogether,
    ArbitraryUser { uid: u32 },
    DefaultSeccomp,
    LowPorts,
    HomeNotWritable,
    NoEgress,
    MemoryLimit { bytes: u64 },
    PidsLimit { count: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum RelaxationWire {
    WritableMount { path: String },
    Capability { name: String },
    RunAsRoot,
    WritableRoot,
    PrivilegeEscalation,
    LowPorts,
    Home { path: String },
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
            Rung::ArbitraryUser { uid } => RungKindWire::ArbitraryUser { uid },
            Rung::DefaultSeccomp => RungKindWire::DefaultSeccomp,
            Rung::LowPorts => RungKindWire::LowPorts,
            Rung::HomeNotWritable => RungKindWire::HomeNotWritable,
            Rung::NoEgress => RungKindWire::NoEgress,
            Rung::MemoryLimit { bytes } => RungKindWire::MemoryLimit { bytes },
            Rung::PidsLimit { count } => RungKindWire::PidsLimit { count },
        };
        RungWire {
            id: record.id.clone(),
            rung,
            verdict: VerdictWire::from(&record.verdict),
            fact: record.fact.clone(),
            relaxations: record.relaxations.iter().map(RelaxationWire::from).collect(),
            refused: record.refused.iter().map(RefusedWire::from).collect(),
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
            RungKindWire::ArbitraryUser { uid } => Rung::ArbitraryUser { uid },
            RungKindWire::DefaultSeccomp => Rung::DefaultSeccomp,
            RungKindWire::LowPorts => Rung::LowPorts,
            RungKindWire::HomeNotWritable => Rung::HomeNotWritable,
            RungKindWire::NoEgress => Rung::NoEgress,
            RungKindWire::MemoryLimit { bytes } => Rung::MemoryLimit { bytes },
            RungKindWire::PidsLimit { count } => Rung::PidsLimit { count },
        };
        RungRecord {
            id: self.id,
            rung,
            verdict: self.verdict.read(),
            fact: self.fact,
            relaxations: self.relaxations.into_iter().map(RelaxationWire::read).collect(),
            refused: self.refused.into_iter().map(RefusedWire::read).collect(),
            command: self.command,
        }
    }
}

impl From<&Relaxation> for RelaxationWire {
    fn from(relaxation: &Relaxation) -> Self {
        match relaxation.clone() {
            Relaxation::WritableMount(path) => RelaxationWire::WritableMount { path },
            Relaxation::Capability(name) => RelaxationWire::Capability { name },
            Relaxation::RunAsRoot => RelaxationWire::RunAsRoot,
            Relaxation::WritableRoot => RelaxationWire::WritableRoot,
            Relaxation::PrivilegeEscalation => RelaxationWire::PrivilegeEscalation,
            Relaxation::LowPorts => RelaxationWire::LowPorts,
            Relaxation::Home(path) => RelaxationWire::Home { path },
        }
    }
}

impl RelaxationWire {
    fn read(self) -> Relaxation {
        match self {
            RelaxationWire::WritableMount { path } => Relaxation::WritableMount(path),
            RelaxationWire::Capability { name } => Relaxation::Capability(name),
            RelaxationWire::RunAsRoot => Relaxation::RunAsRoot,
            RelaxationWire::WritableRoot => Relaxation::WritableRoot,
            RelaxationWire::PrivilegeEscalation => Relaxation::PrivilegeEscalation,
            RelaxationWire::LowPorts => Relaxation::LowPorts,
            RelaxationWire::Home { path } => Relaxation::Home(path),
        }
    }
}

impl From<&Verdict> for VerdictWire {
    fn from(verdict: &Verdict) -> Self {
        match verdict.clone() {
            Verdict::Proven => VerdictWire::Proven,
            Verdict::Refuted(seen) => VerdictWire::Refuted { seen },
            Verdict::Unproven(why) => VerdictWire::Unproven { why },
        }
    }
}

impl VerdictWire {
    fn read(self) -> Verdict {
        match self {
            VerdictWire::Proven => Verdict::Proven,
            VerdictWire::Refuted { seen } => Verdict::Refuted(seen),
            VerdictWire::Unproven { why } => Verdict::Unproven(why),
        }
    }
}

impl From<&Refused> for RefusedWire {
    fn from(refused: &Refused) -> Self {
        let Refused { call, subject, why, program } = refused.clone();
        RefusedWire { call, subject, why, program }
    }
}

impl RefusedWire {
    fn read(self) -> Refused {
        let RefusedWire { call, subject, why, program } = self;
        Refused { call, subject, why, program }
    }
}

impl From<&Hardening> for HardeningWire {
    fn from(hardening: &Hardening) -> Self {
        HardeningWire {
            user: hardening.user,
            relaxations: hardening.relaxations.iter().map(RelaxationWire::from).collect(),
            starts: hardening.starts,
            sent_to: hardening.sent_to.clone(),
            seccomp: hardening.seccomp.as_ref().map(|recorded| RecordedCallsWire {
                calls: recorded.calls.clone(),
                launch: recorded.launch.clone(),
                foreign: recorded.foreign,
                verdict: VerdictWire::from(&recorded.verdict),
            }),
        }
    }
}

impl HardeningWire {
    pub(super) fn read(self) -> Hardening {
        let HardeningWire { user, relaxations, starts, sent_to, seccomp } = self;
        let seccomp = seccomp.map(|RecordedCallsWire { calls, launch, foreign, verdict }| RecordedCalls {
            calls,
            launch,
            foreign,
            verdict: verdict.read(),
        });
        let relaxations = relaxations.into_iter().map(RelaxationWire::read).collect();
        Hardening { user, relaxations, starts, sent_to, seccomp }
    }
}
