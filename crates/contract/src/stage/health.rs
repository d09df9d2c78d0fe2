//! HEALTHCHECK (buildkit `instructions/parse.go` parseHealthcheck).

use std::time::Duration;

use plimsoll_dockerfile::syntax::{Command, Flag};
use plimsoll_model::quantity::parse_go_duration;
use plimsoll_model::{Because, Diagnostic, Healthcheck, HealthcheckTest, Source};

use super::{Applied, StageState, config_only, go_text, refuse};
use crate::reasons::Field;

impl StageState {
    pub(super) fn no_healthcheck(&mut self, because: Because) -> Applied {
        let none = Healthcheck { test: HealthcheckTest::None, ..Healthcheck::default() };
        self.set_healthcheck(none, because)
    }

    /// Nothing here is expanded: docker runs the text with the container's own variables.
    pub(super) fn healthcheck(
        &mut self,
        source: &Source,
        flags: &[Flag],
        command: &Command,
        because: Because,
    ) -> Result<Applied, Box<Diagnostic>> {
        let mut health = Healthcheck {
            test: match command {
                Command::Exec { argv, .. } => HealthcheckTest::Exec(argv.clone()),
                Command::Shell(text) | Command::AlmostJson { text, .. } => {
                    HealthcheckTest::Shell(text.text.clone())
                }
            },
            ..Healthcheck::default()
        };
        for flag in flags {
            match flag.name.as_str() {
                "interval" => health.interval = duration(source, flag)?,
                "timeout" => health.timeout = duration(source, flag)?,
                "start-period" => health.start_period = duration(source, flag)?,
                "start-interval" => health.start_interval = duration(source, flag)?,
                "retries" => health.retries = retries(source, flag)?,
                // Unknown flags are the parser's to refuse.
                _ => {}
            }
        }
        Ok(self.set_healthcheck(health, because))
    }

    fn set_healthcheck(&mut self, health: Healthcheck, because: Because) -> Applied {
        let created_by = format!("HEALTHCHECK {}", go_text::healthcheck(&health));
        self.config.healthcheck = Some(health);
        self.reasons.set(Field::Healthcheck, because);
        config_only(created_by)
    }
}

fn value(flag: &Flag) -> &str {
    flag.value.as_ref().map_or("", |value| value.text.as_str())
}

/// Empty and zero mean unset; less than a millisecond is refused.
fn duration(source: &Source, flag: &Flag) -> Result<Option<Duration>, Box<Diagnostic>> {
    match value(flag) {
        "" => Ok(None),
        text => match parse_go_duration(text) {
            Some(Duration::ZERO) => Ok(None),
            Some(duration) if duration >= Duration::from_millis(1) => Ok(Some(duration)),
            _ => Err(refuse(
                source,
                flag.span,
                format!("'{text}' is no duration of at least 1 ms"),
                "a number with a unit was expected, such as 30s, 1m30s or 500ms",
            )),
        },
    }
}

fn retries(source: &Source, flag: &Flag) -> Result<Option<u32>, Box<Diagnostic>> {
    let text = value(flag);
    let number = if text.is_empty() { Some(0) } else { text.parse::<i32>().ok() };
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(0) => Ok(None),
        Some(number) => Ok(Some(number)),
        None => Err(refuse(
            source,
            flag.span,
            format!("'{text}' is no number of retries"),
            "a number from 0 to 2147483647 was expected",
        )),
    }
}
