//! Times of several runs: how many, the middle one, the range. Pure.

use std::time::Duration;

use plimsoll_contract::evidence::{Evidence, Outcome, StartTimes};

use super::conclusion::moment;

/// What was measured, run by run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// From what to what.
    pub what: &'static str,
    /// Sorted; not empty.
    runs: Vec<Duration>,
}

impl Times {
    fn of(what: &'static str, runs: impl IntoIterator<Item = Duration>) -> Option<Self> {
        let mut runs: Vec<Duration> = runs.into_iter().collect();
        runs.sort_unstable();
        (!runs.is_empty()).then_some(Times { what, runs })
    }

    /// How many runs.
    pub fn count(&self) -> usize {
        self.runs.len()
    }

    /// The middle one; of an even number the lower of the two in the middle.
    pub fn median(&self) -> String {
        self.runs.get((self.runs.len().max(1) - 1) / 2).map_or(String::new(), |time| moment(*time))
    }

    /// The shortest and the longest; nothing where there is but one.
    pub fn range(&self) -> String {
        match self.runs.as_slice() {
            [first, .., last] => format!("{} to {}", moment(*first), moment(*last)),
            _ => String::new(),
        }
    }
}

/// All that was measured of the image as built: of the timed starts, else of the one start there was.
pub fn times(evidence: &Evidence) -> Vec<Times> {
    let running = evidence.as_built().and_then(|record| match &record.outcome {
        Outcome::Running(seen) => Some(StartTimes { listen: seen.first_listen, answer: Some(record.took) }),
        _ => None,
    });
    let timed = evidence.amounts.iter().flat_map(|amounts| amounts.runs.iter().copied());
    let [listen, answer] = [|start: StartTimes| start.listen, |start: StartTimes| start.answer].map(|time| {
        let timed: Vec<Duration> = timed.clone().filter_map(time).collect();
        if timed.is_empty() { running.and_then(time).into_iter().collect() } else { timed }
    });
    let stop = evidence.stop.iter().flat_map(|stop| stop.times.iter().copied());
    [
        Times::of("exec to first listener", listen),
        Times::of("exec to ready", answer),
        Times::of("signal to end", stop),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timed_starts_count_before_the_one_start_of_the_launch() {
        let mut evidence = crate::report::demo::healthy().proof.unwrap().evidence;
        let told = |evidence: &Evidence| -> Vec<String> {
            let start = times(evidence).into_iter().take(2);
            start.map(|times| format!("{} {}: {}", times.count(), times.what, times.median())).collect()
        };
        assert_eq!(told(&evidence), ["3 exec to first listener: 0.21 s", "3 exec to ready: 0.23 s"]);
        evidence.amounts = None;
        assert_eq!(told(&evidence), ["1 exec to first listener: 0.21 s", "1 exec to ready: 0.41 s"]);
    }

    #[test]
    fn the_middle_and_the_range() {
        let of = |millis: &[u64]| {
            let times = Times::of("x", millis.iter().copied().map(Duration::from_millis));
            times.map(|times| format!("{} | {} | {}", times.count(), times.median(), times.range()))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[250]).as_deref(), Some("1 | 0.25 s | "));
        assert_eq!(of(&[830, 250, 400, 500]).as_deref(), Some("4 | 0.40 s | 0.25 s to 0.83 s"));
    }
}
