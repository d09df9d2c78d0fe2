//! The one launch most fields follow from: the image as it is.

use std::time::Duration;

use plimsoll_contract::evidence::{Evidence, Observed, Outcome};
use plimsoll_model::Because;

/// What became of the image as built.
pub struct Run<'a> {
    /// Id of the experiment.
    pub id: &'a str,
    /// How it went.
    pub state: State<'a>,
}

/// How it went.
pub enum State<'a> {
    /// It keeps running and looked like this.
    Running(&'a Observed),
    /// It ended by itself with this exit code after this time.
    Ended(i32, Duration),
    /// It could not start.
    NotStarted(&'a str),
    /// Nobody tried, or this machine could not decide.
    Untried(&'a str),
}

impl<'a> Run<'a> {
    /// The run that the evidence records.
    pub fn of(evidence: &'a Evidence) -> Self {
        let Some(record) = evidence.as_built() else {
            return Run { id: "", state: State::Untried("the image was not launched") };
        };
        let state = match &record.outcome {
            Outcome::Running(observed) => State::Running(observed),
            Outcome::Exited { code, .. } => State::Ended(*code, record.took),
            Outcome::NotStarted { why, .. } => State::NotStarted(why),
            Outcome::Undecided { why } => State::Untried(why),
        };
        Run { id: &record.id, state }
    }

    /// The processes and sockets, if it keeps running.
    pub fn observed(&self) -> Option<&'a Observed> {
        match self.state {
            State::Running(observed) => Some(observed),
            _ => None,
        }
    }

    /// Why there are no facts about a running program.
    pub fn why_unseen(&self) -> String {
        match self.state {
            State::Running(_) => "it was seen running".to_string(),
            State::Ended(code, took) => {
                format!("the program ended by itself after {} with exit code {code}", seconds(took))
            }
            State::NotStarted(why) => format!("the program could not start: {why}"),
            State::Untried(why) => format!("not tried: {why}"),
        }
    }

    /// A reason seen in this run.
    pub fn because(&self, fact: impl Into<String>) -> Because {
        Because::Observed { experiment: self.id.to_string(), fact: fact.into() }
    }
}

/// A duration in seconds with two digits behind the point.
pub fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// Whole seconds of this many times a duration, rounded up; within what Kubernetes' fields hold.
pub fn whole_seconds(duration: Duration, times: u32) -> i64 {
    (duration.as_secs_f64() * f64::from(times)).ceil().min(f64::from(i32::MAX)) as i64
}
