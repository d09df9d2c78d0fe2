//! How long to wait and how often to try again. Every loop of the registry client is bounded here.

use std::time::Duration;

use super::error::RegistryError;
use super::event::{Event, Events};

/// Timeouts and retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For name resolution and for the connection, TLS included; each.
    pub connect: Duration,
    /// From the request to the end of the answer's headers.
    pub answer: Duration,
    /// For one read or write of body bytes.
    pub idle: Duration,
    /// How often a request is made in all.
    pub attempts: u32,
    /// The pause before the second attempt; it doubles with each.
    pub first_pause: Duration,
    /// The longest pause. A registry that asks for more (`Retry-After`) is an error at once.
    pub longest_pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            connect: Duration::from_secs(20),
            answer: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            attempts: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// The slowest transfer that is not given up, in bytes a second: a peer that drips one byte before
/// each idle timeout must not hold us for ever.
const SLOWEST: u64 = 8 * 1024;

impl Patience {
    /// The time a body of this size may take.
    pub(crate) fn body_time(&self, size: u64) -> Duration {
        self.answer + Duration::from_secs(size / SLOWEST)
    }

    /// Carry `attempt` out until it succeeds, fails for good, or has been tried often enough.
    pub(crate) fn retry<T>(
        &self,
        events: Events,
        mut attempt: impl FnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut tried = 0;
        loop {
            let error = match attempt() {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tried += 1;
            self.pause(tried, error, events)?;
        }
    }

    /// Sleep before attempt `tried + 1`, or give the error back when there is none.
    pub(super) fn pause(
        &self,
        tried: u32,
        error: RegistryError,
        events: Events,
    ) -> Result<(), RegistryError> {
        if !error.may_pass() {
            return Err(error);
        }
        let wait = self.wait_after(tried, error.retry_after());
        let Some(wait) = wait.filter(|_| tried < self.attempts) else {
            return Err(match tried {
                0 | 1 => error,
                _ => RegistryError::GaveUp { attempts: tried, last: Box::new(error) },
            });
        };
        events(Event::Retry { why: error.to_string(), wait });
        std::thread::sleep(wait);
        Ok(())
    }

    /// The pause after so many attempts; `None` when the registry wants a longer one than we give.
    fn wait_after(&self, tried: u32, asked: Option<Duration>) -> Option<Duration> {
        match asked {
            Some(asked) => Some(asked).filter(|asked| *asked <= self.longest_pause),
            None => {
                let doubled = self.first_pause.saturating_mul(1 << tried.saturating_sub(1).min(16));
                Some(doubled.min(self.longest_pause))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let patience = Patience::default();
        let wait = |tried| patience.wait_after(tried, None).unwrap().as_millis();
        assert_eq!([wait(1), wait(2), wait(3), wait(30)], [500, 1000, 2000, 60_000]);
        assert_eq!(patience.wait_after(1, Some(Duration::from_secs(3))), Some(Duration::from_secs(3)));
        assert_eq!(patience.wait_after(1, Some(Duration::from_secs(3600))), None);
    }

    #[test]
    fn attempts_are_counted() {
        let patience = Patience { first_pause: Duration::ZERO, attempts: 3, ..Patience::default() };
        let mut made = 0;
        let result: Result<(), _> = patience.retry(&|_| (), || {
            made += 1;
            Err(RegistryError::TimedOut { host: "h".to_string(), asked: "x".to_string() })
        });
        assert_eq!(made, 3);
        assert!(result.unwrap_err().to_string().ends_with("(tried 3 times)"));
    }

    #[test]
    fn what_cannot_pass_is_not_repeated() {
        let mut made = 0;
        let result: Result<(), _> = Patience::default().retry(&|_| (), || {
            made += 1;
            Err(RegistryError::ConnectionRefused { host: "h".to_string() })
        });
        assert_eq!((made, result.is_err()), (1, true));
    }
}
