//! Contract and evidence to proof: pure, so that a recorded run can be judged again.

use crate::contract::Contract;
use crate::evidence::{Evidence, Verdict};

/// A statement of the contract that an experiment can confirm or refute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Stable id such as `launch-as-built`, `port-8080/tcp`, `stop-graceful`, `rung-read-only`.
    pub id: String,
    /// The statement in a sentence.
    pub statement: String,
    /// Refuting it means the image breaks its promise (or plimsoll predicted wrongly): exit code 5.
    pub required: bool,
    /// The outcome.
    pub verdict: Verdict,
    /// The experiment that decided it.
    pub experiment: Option<String>,
}

/// Contract, evidence and the claims weighed.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// The promise.
    pub contract: Contract,
    /// What was seen.
    pub evidence: Evidence,
    /// The verdicts.
    pub claims: Vec<Claim>,
}
