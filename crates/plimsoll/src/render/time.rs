//! Times as docker words them. `now` comes in as a value.

/// `2 minutes ago`, as docker's units.HumanDuration words a distance.
pub fn ago(then: i64, now: i64) -> String {
    format!("{} ago", distance((now - then).max(0)))
}

/// A span of seconds in words.
pub fn distance(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, (seconds + 1800) / 3600);
    match seconds {
        0 => "Less than a second".to_string(),
        1 => "1 second".to_string(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".to_string(),
        120..3600 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".to_string(),
        _ if hours < 48 => format!("{hours} hours"),
        _ if hours < 24 * 7 * 2 => format!("{} days", hours / 24),
        _ if hours < 24 * 30 * 2 => format!("{} weeks", hours / 24 / 7),
        _ if hours < 24 * 365 * 2 => format!("{} months", hours / 24 / 30),
        _ => format!("{} years", hours / 24 / 365),
    }
}

/// Seconds since 1970 of an RFC 3339 time; `None` if it is none.
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_second())
}

/// Go's zero time, as seconds since 1970: what its programs, kaniko for one, write for a time they do
/// not know.
const YEAR_ONE: i64 = -62_135_596_800;

/// docker's word for what it does not know.
pub const UNKNOWN: &str = "N/A";

/// Seconds since 1970 of the time of an image or step, if it is known.
pub fn known(created: Option<&str>) -> Option<i64> {
    created.and_then(parse_rfc3339).filter(|seconds| *seconds > YEAR_ONE)
}

/// How long ago that was.
pub fn since(created: Option<&str>) -> String {
    known(created).map_or(UNKNOWN.to_string(), |created| ago(created, now()))
}

/// Seconds since 1970 as an RFC 3339 time in UTC; a time no calendar has is empty.
pub fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}

/// The same as Go prints a time: `2026-11-28 14:44:25 +0000 UTC`.
pub fn go_time(seconds: i64) -> String {
    rfc3339(seconds).replace('T', " ").replace('Z', " +0000 UTC")
}

/// Seconds since 1970, now.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_dockers() {
        assert_eq!(ago(0, 0), "Less than a second ago");
        assert_eq!(ago(0, 59), "59 seconds ago");
        assert_eq!(ago(0, 90), "About a minute ago");
        assert_eq!(ago(0, 7200), "2 hours ago");
        assert_eq!(ago(0, 86400 * 3), "3 days ago");
        assert_eq!(ago(0, 86400 * 365 * 56), "56 years ago");
        assert_eq!(parse_rfc3339("1970-01-01T00:01:00Z"), Some(60));
        assert_eq!(parse_rfc3339("0001-01-01T00:00:00Z"), Some(YEAR_ONE));
        assert_eq!(go_time(60), "1970-01-01 00:01:00 +0000 UTC");
    }
}
