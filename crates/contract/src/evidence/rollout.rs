//! What a rollout from one version to another cost, rehearsed.

use std::time::Duration;

/// A rehearsed rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutRecord {
    /// Stable id.
    pub id: String,
    /// Reference of the version that is replaced.
    pub old: String,
    /// Reference of the version that replaces it.
    pub new: String,
    /// Pods wanted.
    pub replicas: u32,
    /// Pods above that, resolved.
    pub max_surge: u32,
    /// Pods below that, resolved.
    pub max_unavailable: u32,
    /// What makes a pod ready, in words; also what is asked for.
    pub probe: String,
    /// Answers are seen. Otherwise connections are made and nothing is asked.
    pub asks: bool,
    /// How long it takes until a pod that became ready gets requests, and until one that ends gets none.
    pub lag: Duration,
    /// Time between two requests, each on a connection of its own.
    pub every: Duration,
    /// Without and with the preStop sleep.
    pub passes: Vec<RolloutPass>,
}

/// One whole rollout.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutPass {
    /// Length of the preStop sleep; zero: none.
    pub pre_stop: Duration,
    /// From the first step to the end of the last old pod.
    pub took: Duration,
    /// Why it was given up, if it was.
    pub stuck: Option<String>,
    /// Requests sent.
    pub requests: u32,
    /// Those without a good answer, in order.
    pub lost: Vec<LostRequest>,
    /// What happened to the pods, in order.
    pub events: Vec<RolloutEvent>,
}

/// A request without a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostRequest {
    /// When it was sent, from the begin of the rollout.
    pub at: Duration,
    /// The pod it was sent to; empty if there was none.
    pub pod: String,
    /// How long before that this pod had got its signal; `None`: it had not.
    pub after_signal: Option<Duration>,
    /// What became of it.
    pub loss: Loss,
}

/// What became of a lost request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// No pod was there to take it.
    NoPod,
    /// Refused.
    Refused,
    /// Reset.
    Reset,
    /// Closed without a whole answer.
    Eof,
    /// Not answered in time.
    Timeout,
    /// Answered with this status.
    Status(u16),
}

/// Something that happened to a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutEvent {
    /// When, from the begin of the rollout.
    pub at: Duration,
    /// Which pod: `old-1`, `new-3`.
    pub pod: String,
    /// What.
    pub what: PodEvent,
}

/// What happened to a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodEvent {
    /// Started.
    Started,
    /// Its probe succeeded.
    Ready,
    /// It gets requests.
    Routed,
    /// It shall end: its preStop begins.
    Terminating,
    /// It gets no requests any more.
    Unrouted,
    /// It got the stop signal.
    Signalled,
    /// It had to be killed.
    Killed,
    /// It is gone, with this exit code.
    Gone(i32),
}
