//! What happened when it was asked to stop.

use std::time::Duration;

use plimsoll_model::Signal;

/// The stop test.
#[derive(Debug, Clone, PartialEq)]
pub struct StopRecord {
    /// Stable id.
    pub id: String,
    /// The signal sent to PID 1.
    pub signal: Signal,
    /// Grace given before SIGKILL.
    pub grace: Duration,
    /// From the signal to the end of the container, one value a run.
    pub times: Vec<Duration>,
    /// Exit code (128+n for a signal) of the last run.
    pub code: i32,
    /// SIGKILL was needed.
    pub killed: bool,
    /// Processes other than PID 1 that were still alive when PID 1 ended and died with its
    /// namespace: their handlers never ran.
    pub killed_with_namespace: Vec<String>,
    /// Zombies seen before or during the stop.
    pub zombies: u32,
    /// What happened to the listener and when, relative to the signal.
    pub listener_closed: Option<Duration>,
    /// Last lines of output after the signal.
    pub log: Vec<String>,
}
