//! Amounts as people and Go write them: bytes and durations.

use std::time::Duration;

/// Bytes as docker shows them: decimal units, three significant digits (`23.4MB`).
pub fn human_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 || unit == "TB" {
            return match unit {
                "B" => format!("{bytes}B"),
                _ if value < 9.995 => format!("{value:.2}{unit}"),
                _ if value < 99.95 => format!("{value:.1}{unit}"),
                _ => format!("{value:.0}{unit}"),
            };
        }
        value /= 1000.0;
    }
    unreachable!("the last unit returns")
}

/// Read `64m`, `1g`, `512k`, `100` (docker's units: powers of 1024, any case, optional `b`).
pub fn parse_bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match &lower[digits.len()..] {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Read a Go duration (`1m30s`, `500ms`, `1.5h`); `None` for anything else, negative ones included.
pub fn parse_go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos = 0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let value: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        nanos += value
            * match &rest[..unit_end] {
                "ns" => 1.0,
                "us" | "µs" | "μs" => 1e3,
                "ms" => 1e6,
                "s" => 1e9,
                "m" => 60e9,
                "h" => 3600e9,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    let whole = !text.is_empty() && nanos < u64::MAX as f64;
    whole.then(|| Duration::from_nanos(nanos.round() as u64))
}

/// Write a duration as Go does (`1m30s`, `500ms`, `0s`).
pub fn go_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos == 0 {
        return "0s".to_string();
    }
    let trimmed = |value: f64, unit: &str| {
        let text = format!("{value:.9}");
        format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    };
    if nanos < 1_000 {
        return format!("{nanos}ns");
    }
    if nanos < 1_000_000 {
        return trimmed(nanos as f64 / 1e3, "µs");
    }
    if nanos < 1_000_000_000 {
        return trimmed(nanos as f64 / 1e6, "ms");
    }
    let (hours, minutes) = (duration.as_secs() / 3600, duration.as_secs() / 60 % 60);
    let seconds = (nanos % 60_000_000_000) as f64 / 1e9;
    match (hours, minutes) {
        (0, 0) => trimmed(seconds, "s"),
        (0, minutes) => format!("{minutes}m{}", trimmed(seconds, "s")),
        (hours, minutes) => format!("{hours}h{minutes}m{}", trimmed(seconds, "s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_both_ways() {
        assert_eq!(human_bytes(0), "0B");
        assert_eq!(human_bytes(999), "999B");
        assert_eq!(human_bytes(1_000), "1.00kB");
        assert_eq!(human_bytes(23_412_345), "23.4MB");
        assert_eq!(human_bytes(999_600), "1.00MB");
        assert_eq!(parse_bytes("64m"), Some(64 << 20));
        assert_eq!(parse_bytes("1GiB"), Some(1 << 30));
        assert_eq!(parse_bytes("m"), None);
        assert_eq!(parse_bytes("99999999999999999999"), None);
    }

    #[test]
    fn durations_both_ways() {
        for text in ["1m30s", "500ms", "1h0m0s", "1.5s", "0s", "2µs"] {
            assert_eq!(go_duration(parse_go_duration(text).unwrap()), text);
        }
        for bad in ["", "5", "-1s", "s", "1x", "1s1"] {
            assert_eq!(parse_go_duration(bad), None, "{bad}");
        }
    }
}
