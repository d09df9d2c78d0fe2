//! Go's ways of writing values, for the history lines that other tools read.

use std::time::Duration;

use plimsoll_model::go_text::quoted;
use plimsoll_model::quantity::go_duration;
use plimsoll_model::{Healthcheck, HealthcheckTest};

/// `%q` of a list of strings: `["a" "b c"]`, no commas.
pub(super) fn quoted_list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", quoted.join(" "))
}

/// `%+v` of docker's HealthcheckConfig.
pub(super) fn healthcheck(health: &Healthcheck) -> String {
    let words = match &health.test {
        HealthcheckTest::Inherit => Vec::new(),
        HealthcheckTest::None => vec!["NONE".to_string()],
        HealthcheckTest::Shell(text) => vec!["CMD-SHELL".to_string(), text.clone()],
        HealthcheckTest::Exec(argv) => {
            std::iter::once("CMD".to_string()).chain(argv.iter().cloned()).collect()
        }
    };
    let time = |value: Option<Duration>| go_duration(value.unwrap_or_default());
    format!(
        "{{Test:[{}] Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
        words.join(" "),
        time(health.interval),
        time(health.timeout),
        time(health.start_period),
        time(health.start_interval),
        health.retries.unwrap_or(0),
    )
}
