//! What a build tells while it works. The roof turns events into progress, JSON or silence.

use std::time::Duration;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Name or number of the stage.
        stage: String,
        /// One-based number of the step.
        number: usize,
        /// Steps in all needed stages.
        of: usize,
        /// The instruction's first line.
        text: String,
        /// One-based line in the Dockerfile.
        line: usize,
    },
    /// A line or part of a line that a RUN printed.
    Output {
        /// The bytes as they came.
        bytes: Vec<u8>,
    },
    /// A step is done.
    StepDone {
        /// One-based number of the step.
        number: usize,
        /// The result came from the cache.
        cached: bool,
        /// How long it took.
        took: Duration,
    },
    /// Something the person should know, in a sentence.
    Warning(String),
}
