//! What really happened in experiments: facts, each with the command that repeats it.
//!
//! `prove` produces these values, [`crate::judge`] weighs them, `kube` and the report read them.

mod amounts;
mod given;
mod hardening;
mod launch;
mod readiness;
mod rollout;
mod start;
mod stop;
mod written;

pub use amounts::{Amounts, MachineLoad, Spread, StartTimes};
pub use given::Given;
pub use hardening::{Hardening, RecordedCalls, Refused, Relaxation, Rung, RungRecord, memory_limit};
pub use launch::{LaunchRecord, Listener, Observed, Outcome, ProcessFact};
pub use readiness::{Answer, CheckFact, HttpAnswer, PortFact, Readiness, Speaks, StructureTest};
pub use rollout::{Loss, LostRequest, PodEvent, RolloutEvent, RolloutPass, RolloutRecord};
pub use start::{Program, Promised, Start};
pub use stop::{ConnectionCount, ConnectionKind, End, ProcessEnd, StopCondition, StopRecord, StopRun};
pub use written::{Written, WrittenPath};

use crate::contract::LaunchMode;

/// Everything seen of one image on one machine.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evidence {
    /// Reference as asked for.
    pub image: String,
    /// Manifest digest.
    pub digest: String,
    /// What the machine allows, one phrase each, for the reader of a report.
    pub machine: Vec<String>,
    /// One record per launch mode, in the order of the matrix.
    pub launches: Vec<LaunchRecord>,
    /// The stop test of the image as built; `None` if it never ran.
    pub stop: Option<StopRecord>,
    /// Paths written by the image as built.
    pub written: Vec<WrittenPath>,
    /// The rungs tried, in order.
    pub rungs: Vec<RungRecord>,
    /// Highest memory use seen of all processes together, bytes, with the method used.
    pub memory_peak: Option<(u64, &'static str)>,
    /// The program's answer to an HTTP request on its first TCP port, if it speaks HTTP.
    pub http: Option<HttpAnswer>,
    /// The search behind the rungs; `None` if there was none.
    pub hardening: Option<Hardening>,
    /// A rehearsed rollout to this image, if one was asked for.
    pub rollout: Option<RolloutRecord>,
    /// What every launch was given beside what the image says.
    pub given: Given,
    /// What plimsoll says beforehand of every start.
    pub promised: Option<Promised>,
    /// The image as built once it is ready; `None` if it did not stay running.
    pub readiness: Option<Readiness>,
    /// Its times and amounts.
    pub amounts: Option<Amounts>,
}

impl Evidence {
    /// The record of the image started as it is.
    pub fn as_built(&self) -> Option<&LaunchRecord> {
        self.launches.iter().find(|record| record.predicted.mode == LaunchMode::AsBuilt)
    }
}

/// The weight of a claim after the experiments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Seen to be so.
    Proven,
    /// Seen not to be so; the text says what was seen instead.
    Refuted(String),
    /// Not decidable here; the text says why.
    Unproven(String),
}
