//! A moment as `--since` and `--until` write it: an RFC 3339 time or date, seconds since 1970, or a time
//! span before now such as `10m`.

use std::time::Duration;

use jiff::Timestamp;
use plimsoll_model::quantity::parse_go_duration;

/// Read it; `now` is what spans are counted from.
pub fn parse(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    absolute(text)
        .or_else(|| seconds(text))
        .or_else(|| parse_go_duration(text).and_then(|span| now.checked_sub(span).ok()))
        .ok_or_else(|| {
            format!("'{text}' is no time; 2026-01-02T03:04:05Z, seconds since 1970, and 10m for ten minutes ago are")
        })
}

/// docker also takes dates and times without a zone, which count as UTC here.
fn absolute(text: &str) -> Option<Timestamp> {
    let candidates =
        [text.to_string(), format!("{text}Z"), format!("{text}:00Z"), format!("{text}T00:00:00Z")];
    if !text.contains('-') {
        return None;
    }
    candidates.iter().find_map(|candidate| candidate.parse().ok())
}

/// `1767322245` or `1767322245.25`.
fn seconds(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9}").parse().ok()?;
    let at = Timestamp::from_second(whole.parse().ok()?).ok()?;
    at.checked_add(Duration::from_nanos(nanoseconds)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_dockers_forms() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (text, moment) in [
            ("2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"),
            ("2026-11-22T09:00:00.5+01:00", "2026-11-22T08:00:00.5Z"),
            ("2026-11-22T09:00:00", "2026-11-22T09:00:00Z"),
            ("2026-11-22T09:00", "2026-11-22T09:00:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("60.25", "1970-01-01T00:01:00.25Z"),
            ("1h30m", "2026-11-22T08:30:00Z"),
            ("0s", "2026-11-22T10:00:00Z"),
        ] {
            assert_eq!(parse(text, now), Ok(moment.parse().unwrap()), "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "1.2.3", "-5", "99999999999999999999"] {
            assert!(parse(text, now).is_err(), "{text}");
        }
    }
}
