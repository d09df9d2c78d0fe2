//! Go's ways of writing values, for the history lines that other tools read.

use std::time::Duration;

use plimsoll_model::quantity::go_duration;
use plimsoll_model::{Healthcheck, HealthcheckTest};

/// `%q` of a list of strings: `["a" "b c"]`, no commas.
pub(super) fn quoted_list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", quoted.join(" "))
}

/// `%q` of a string (strconv.Quote).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
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
