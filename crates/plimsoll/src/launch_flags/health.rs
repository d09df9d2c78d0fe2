//! How a container's health is found out: the flags over the image's HEALTHCHECK.

use std::time::Duration;

use clap::Args;
use plimsoll_model::quantity::parse_go_duration;
use plimsoll_model::{HealthcheckTest, ImageConfig};
use plimsoll_runtime::container::HealthCheck;

use super::docker_words::asked;

/// Health.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Health, restarts, logs")]
pub struct HealthFlags {
    /// Command that tells by its exit code whether the container is healthy, run by the image's shell.
    #[arg(long, value_name = "COMMAND")]
    health_cmd: Option<String>,
    /// Time between two checks, as 1m30s; 30s if not given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_interval: Option<Duration>,
    /// Longest time of one check; 30s if not given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_timeout: Option<Duration>,
    /// Failures in a row until it is unhealthy; 3 if not given.
    #[arg(long, value_name = "NUMBER")]
    health_retries: Option<u32>,
    /// Time after the start in which failures do not count.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_period: Option<Duration>,
    /// Time between two checks in the start period; 5s if not given.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    health_start_interval: Option<Duration>,
    /// Leave the image's HEALTHCHECK out.
    #[arg(long)]
    no_healthcheck: bool,
}

impl HealthFlags {
    /// The check, if there is one. What is not given, or 0, is the image's, else docker's.
    pub fn check(&self, image: &ImageConfig) -> Result<Option<HealthCheck>, String> {
        if self.no_healthcheck {
            return match self.says_anything() {
                true => {
                    Err("--no-healthcheck conflicts with --health-* options: leave one of them out".into())
                }
                false => Ok(None),
            };
        }
        let Some(argv) = self.argv(image) else { return Ok(None) };
        let of_image = image.healthcheck.clone().unwrap_or_default();
        let time = |flag: Option<Duration>, image: Option<Duration>, docker: u64| {
            flag.filter(|time| !time.is_zero()).or(image).unwrap_or(Duration::from_secs(docker))
        };
        let retries = self.health_retries.filter(|number| *number > 0).or(of_image.retries);
        Ok(Some(HealthCheck {
            argv,
            interval: time(self.health_interval, of_image.interval, 30),
            timeout: time(self.health_timeout, of_image.timeout, 30),
            start_period: time(self.health_start_period, of_image.start_period, 0),
            start_interval: time(self.health_start_interval, of_image.start_interval, 5),
            retries: retries.unwrap_or(3),
        }))
    }

    fn says_anything(&self) -> bool {
        let times =
            [self.health_interval, self.health_timeout, self.health_start_period, self.health_start_interval];
        asked(&self.health_cmd).is_some()
            || times.into_iter().flatten().any(|time| !time.is_zero())
            || self.health_retries.is_some_and(|number| number > 0)
    }

    fn argv(&self, image: &ImageConfig) -> Option<Vec<String>> {
        let by_shell = |text: &str| {
            let mut argv = image.shell_or_default();
            argv.push(text.to_string());
            argv
        };
        if let Some(text) = asked(&self.health_cmd) {
            return Some(by_shell(text));
        }
        match &image.healthcheck.as_ref()?.test {
            HealthcheckTest::Inherit | HealthcheckTest::None => None,
            HealthcheckTest::Shell(text) => Some(by_shell(text)),
            HealthcheckTest::Exec(argv) => (!argv.is_empty()).then(|| argv.clone()),
        }
    }
}

/// A Go duration; docker takes none below 1 ms but 0.
fn duration(text: &str) -> Result<Duration, String> {
    match parse_go_duration(text) {
        Some(time) if time.is_zero() || time >= Duration::from_millis(1) => Ok(time),
        Some(_) => Err("it is shorter than 1ms".into()),
        None if text.starts_with('-') => Err("it cannot be negative".into()),
        None => Err("a duration such as 1m30s or 500ms was expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::Healthcheck;

    use super::*;

    fn image(test: HealthcheckTest) -> ImageConfig {
        let healthcheck = Healthcheck {
            test,
            timeout: Some(Duration::from_secs(7)),
            retries: Some(9),
            ..Healthcheck::default()
        };
        ImageConfig { healthcheck: Some(healthcheck), ..ImageConfig::default() }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_string()).collect()
    }

    #[test]
    fn dockers_defaults() {
        let flags = HealthFlags { health_cmd: Some("x | y".into()), ..HealthFlags::default() };
        let check = flags.check(&ImageConfig::default()).unwrap().unwrap();
        assert_eq!(check.argv, ["/bin/sh", "-c", "x | y"]);
        let seconds = [check.interval, check.timeout, check.start_period, check.start_interval]
            .map(|time| time.as_secs());
        assert_eq!((seconds, check.retries), ([30, 30, 0, 5], 3));
        assert_eq!(HealthFlags::default().check(&ImageConfig::default()), Ok(None));
    }

    #[test]
    fn flags_win_over_the_image_one_by_one() {
        let flags = HealthFlags {
            health_interval: Some(Duration::from_secs(1)),
            health_timeout: Some(Duration::ZERO),
            ..HealthFlags::default()
        };
        let check = flags.check(&image(HealthcheckTest::Exec(words(&["/check", "-q"])))).unwrap().unwrap();
        assert_eq!(check.argv, ["/check", "-q"]);
        assert_eq!((check.interval.as_secs(), check.timeout.as_secs(), check.retries), (1, 7, 9));
        let shell =
            ImageConfig { shell: words(&["/bin/bash", "-ec"]), ..image(HealthcheckTest::Shell("up".into())) };
        assert_eq!(flags.check(&shell).unwrap().unwrap().argv, ["/bin/bash", "-ec", "up"]);
        for none in [HealthcheckTest::None, HealthcheckTest::Inherit, HealthcheckTest::Exec(vec![])] {
            assert_eq!(flags.check(&image(none)), Ok(None));
        }
    }

    #[test]
    fn switched_off() {
        let off = HealthFlags { no_healthcheck: true, ..HealthFlags::default() };
        assert_eq!(off.check(&image(HealthcheckTest::Shell("up".into()))), Ok(None));
        let both = HealthFlags { health_retries: Some(1), ..off };
        assert!(
            both.check(&ImageConfig::default())
                .unwrap_err()
                .contains("--no-healthcheck conflicts with --health-*")
        );
    }

    #[test]
    fn durations() {
        assert_eq!((duration("1m30s"), duration("0")), (Ok(Duration::from_secs(90)), Ok(Duration::ZERO)));
        for (bad, why) in [("5", "1m30s"), ("-1s", "negative"), ("10us", "1ms"), ("", "1m30s")] {
            assert!(duration(bad).unwrap_err().contains(why), "{bad}");
        }
    }
}
