//! Whether and when a container that has ended is started again: docker's rules.

use std::time::Duration;

use crate::container::RestartPolicy;

/// The first pause; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(100);
/// No pause is longer.
const LONGEST: Duration = Duration::from_secs(60);
/// A start that held so long begins anew with the first pause.
const HELD: Duration = Duration::from_secs(10);

/// What is known of the starts so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Restarts {
    policy: RestartPolicy,
    /// How often it was started again.
    pub count: u32,
    pause: Duration,
}

impl Restarts {
    pub fn new(policy: RestartPolicy) -> Self {
        Restarts { policy, count: 0, pause: FIRST }
    }

    /// It ended with this code after having run so long: the pause before the next start, if there is to
    /// be one.
    pub fn next(&mut self, code: i32, ran: Duration) -> Option<Duration> {
        let again = match self.policy {
            RestartPolicy::No => false,
            RestartPolicy::OnFailure { most } => code != 0 && most.is_none_or(|most| self.count < most),
            RestartPolicy::Always | RestartPolicy::UnlessStopped => true,
        };
        if !again {
            return None;
        }
        if ran >= HELD {
            self.pause = FIRST;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST);
        self.count += 1;
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    #[test]
    fn pauses_double_up_to_a_minute_and_begin_anew() {
        let mut restarts = Restarts::new(RestartPolicy::Always);
        let pauses: Vec<u128> = (0..12).map(|_| restarts.next(0, SHORT).unwrap().as_millis()).collect();
        assert_eq!(pauses[..4], [100, 200, 400, 800]);
        assert_eq!(pauses[10..], [60_000, 60_000]);
        assert_eq!(restarts.next(0, HELD), Some(FIRST));
        assert_eq!(restarts.count, 13);
    }

    #[test]
    fn failures_are_counted() {
        let mut restarts = Restarts::new(RestartPolicy::OnFailure { most: Some(2) });
        assert!(restarts.next(1, SHORT).is_some());
        assert!(restarts.next(137, SHORT).is_some());
        assert_eq!(restarts.next(1, SHORT), None);
        assert_eq!(Restarts::new(RestartPolicy::OnFailure { most: None }).next(0, SHORT), None);
        assert_eq!(Restarts::new(RestartPolicy::No).next(1, SHORT), None);
    }
}
