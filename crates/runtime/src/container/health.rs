//! The health of a container, as its monitor finds it out and `inspect` shows it.

use jiff::Timestamp;

/// So many results are kept (docker's number).
const KEPT: usize = 5;

/// What is known about a container's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Number of the start it is about.
    pub run: u32,
    /// What follows from the results.
    pub status: HealthStatus,
    /// Failures in a row.
    pub failing_streak: u32,
    /// The last results, oldest first.
    pub log: Vec<HealthResult>,
}

/// docker's three words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// No result that counts yet.
    Starting,
    /// The last check succeeded.
    Healthy,
    /// Too many checks in a row failed.
    Unhealthy,
}

impl HealthStatus {
    /// docker's word.
    pub fn word(self) -> &'static str {
        match self {
            HealthStatus::Starting => "starting",
            HealthStatus::Healthy => "healthy",
            HealthStatus::Unhealthy => "unhealthy",
        }
    }

    /// How `ps` says it.
    pub fn phrase(self) -> &'static str {
        match self {
            HealthStatus::Starting => "health: starting",
            other => other.word(),
        }
    }
}

/// How one check went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthResult {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// Its exit code; -1 if it ran out of time or could not be started.
    pub exit_code: i32,
    /// What it printed, at most 4096 bytes.
    pub output: String,
}

impl Health {
    /// Of a container that has just been started.
    pub fn starting(run: u32) -> Self {
        Health { run, status: HealthStatus::Starting, failing_streak: 0, log: Vec::new() }
    }

    /// Take a result into account. During the start period failures do not count; a success ends it.
    pub fn take(&mut self, result: HealthResult, retries: u32, in_start_period: bool) {
        match result.exit_code {
            0 => {
                self.failing_streak = 0;
                self.status = HealthStatus::Healthy;
            }
            _ if in_start_period && self.status == HealthStatus::Starting => {}
            _ => {
                self.failing_streak = self.failing_streak.saturating_add(1);
                if self.failing_streak >= retries {
                    self.status = HealthStatus::Unhealthy;
                }
            }
        }
        self.log.push(result);
        if self.log.len() > KEPT {
            self.log.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(exit_code: i32) -> HealthResult {
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        HealthResult { start: at, end: at, exit_code, output: String::new() }
    }

    #[test]
    fn failures_in_a_row_make_it_unhealthy_and_one_success_healthy() {
        let mut health = Health::starting(1);
        let mut after = |code| {
            health.take(result(code), 2, false);
            (health.status, health.failing_streak)
        };
        assert_eq!(after(1), (HealthStatus::Starting, 1));
        assert_eq!(after(-1), (HealthStatus::Unhealthy, 2));
        assert_eq!(after(1), (HealthStatus::Unhealthy, 3));
        assert_eq!(after(0), (HealthStatus::Healthy, 0));
        assert_eq!(after(1), (HealthStatus::Healthy, 1));
        assert_eq!(after(1).0, HealthStatus::Unhealthy);
        assert_eq!(health.log.len(), KEPT);
    }

    #[test]
    fn failures_in_the_start_period_do_not_count() {
        let mut health = Health::starting(1);
        health.take(result(1), 1, true);
        assert_eq!((health.status, health.failing_streak), (HealthStatus::Starting, 0));
        health.take(result(0), 1, true);
        health.take(result(1), 1, true);
        assert_eq!(health.status, HealthStatus::Unhealthy);
    }
}
