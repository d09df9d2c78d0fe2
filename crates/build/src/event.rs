//! What a build tells while it works. The roof turns events into progress, JSON or silence.

use std::time::Duration;

/// A step of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// Index of its stage in the Dockerfile.
    pub stage: usize,
    /// One-based number in its stage, triggers of the base image counted first.
    pub number: usize,
}

/// One thing that happened. Stages are built at the same time: events of different steps mix.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Which one.
        step: StepId,
        /// Name or number of the stage.
        stage: String,
        /// Steps in this stage.
        of: usize,
        /// The instruction's first line.
        text: String,
        /// One-based line in the Dockerfile.
        line: usize,
    },
    /// A line or part of a line that a RUN printed.
    Output {
        /// The step.
        step: StepId,
        /// The bytes as they came.
        bytes: Vec<u8>,
    },
    /// A step is done.
    StepDone {
        /// Which one.
        step: StepId,
        /// Why the result was not known; `None`: it came from the cache, or nothing had to be done.
        why: Option<String>,
        /// How long it took.
        took: Duration,
    },
    /// Something the person should know, in a sentence.
    Warning(String),
}
