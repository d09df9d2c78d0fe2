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

/// Bytes as docker's templates have them (units.HumanSizeWithPrecision): decimal units, at most so
/// many significant digits, no zeros at the end.
pub fn short_bytes(bytes: u64, digits: usize) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "kB", "MB", "GB", "TB"].into_iter().peekable();
    let mut unit = units.next().unwrap_or_default();
    while value >= 1000.0 && units.peek().is_some() {
        value /= 1000.0;
        unit = units.next().unwrap_or(unit);
    }
    let whole = 1 + value.max(1.0).log10() as usize;
    let text = format!("{value:.*}", digits.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// Bytes as docker shows memory (units.BytesSize, `%.4g`): units of 1024, four significant digits, no zeros
/// at the end (`1.297MiB`).
pub fn binary_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter().peekable();
    let mut unit = units.next().unwrap_or_default();
    while value >= 1024.0 && units.peek().is_some() {
        value /= 1024.0;
        unit = units.next().unwrap_or(unit);
    }
    let whole = 1 + value.max(1.0).log10() as usize;
    let text = format!("{value:.*}", 4usize.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// Read `64m`, `1.5g`, `512 kB`, `100` (docker's units: powers of 1024, any case, optional `b` or `ib`).
pub fn parse_bytes(text: &str) -> Option<u64> {
    parse_size(text, 1024)
}

/// The same with powers of 1000, as docker reads the size of a log.
pub fn parse_decimal_bytes(text: &str) -> Option<u64> {
    parse_size(text, 1000)
}

/// docker/go-units `parseSize`, without the forms of Go's floats that no page of docker mentions.
fn parse_size(text: &str, step: u128) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let power = match &lower[digits.len()..] {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    let number = digits.strip_suffix(' ').unwrap_or(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let all = format!("{whole}{fraction}");
    if fraction.len() > 18 || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let bytes = all.parse::<u128>().ok()?.checked_mul(step.pow(power))? / 10u128.pow(fraction.len() as u32);
    // docker counts in signed numbers, and what is above them means nothing to a kernel either.
    i64::try_from(bytes).ok().map(i64::unsigned_abs)
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
        // docker 20.10's `images --format '{{.Size}} {{.VirtualSize}}'`.
        assert_eq!(
            (short_bytes(3_964_515, 3), short_bytes(3_964_515, 4)),
            ("3.96MB".into(), "3.965MB".into())
        );
        assert_eq!((short_bytes(3, 3), short_bytes(1_000, 3)), ("3B".into(), "1kB".into()));
        // Go's units.BytesSize.
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1KiB"),
            (1_359_872, "1.297MiB"),
            (64 << 20, "64MiB"),
            (25_325_371_392, "23.59GiB"),
            (1_048_570, "1024KiB"),
            (u64::MAX, "16EiB"),
        ] {
            assert_eq!(binary_bytes(bytes), text);
        }
        assert_eq!(parse_bytes("1GiB"), Some(1 << 30));
        for (text, bytes) in [("1.5g", 3 << 29), (".5k", 512), ("5.", 5), ("64 m", 64 << 20), ("1p", 1 << 50)]
        {
            assert_eq!(parse_bytes(text), Some(bytes), "{text}");
        }
        assert_eq!(
            (parse_decimal_bytes("10m"), parse_decimal_bytes("1.5kB")),
            (Some(10_000_000), Some(1_500))
        );
        for bad in ["", "m", ".", "-1", "1e3", "1..5", "5x", "5bb", "99999999999999999999", "9999999999g"] {
            assert_eq!(parse_bytes(bad), None, "{bad}");
        }
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
