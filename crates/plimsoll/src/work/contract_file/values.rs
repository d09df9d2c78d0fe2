//! The values of `[contract]`. An error says what a value is, with an example.

use std::time::Duration;

use plimsoll_contract::expect::{Fate, Wanted};
use plimsoll_model::quantity::parse_go_duration;
use plimsoll_model::{PortSpec, Signal};
use toml::de::DeValue;

/// The value of a key that stands in `[contract]` itself.
pub fn plain(key: &str, value: &DeValue<'_>) -> Result<Wanted, String> {
    Ok(match key {
        "pid1" => Wanted::Pid1(strings(value).ok_or("a list of words as in [\"/app/server\", \"-v\"]")?),
        "exe" => Wanted::Exe(string(value).ok_or("the path of a program as in \"/app/server\"")?),
        "user" => Wanted::User(number(value).ok_or("the number of a user as in 10001")?),
        "group" => Wanted::Group(number(value).ok_or("the number of a group as in 10001")?),
        "ports" => Wanted::Ports(ports(value).ok_or("a list of ports as in [\"8080/tcp\"]")?),
        "listens-within" => Wanted::ListensWithin(duration(value)?),
        "zombies" => Wanted::Zombies(number(value).ok_or("a number as in 0")?),
        "writes" => Wanted::Writes(paths(value).ok_or("a list of absolute paths as in [\"/tmp\"]")?),
        "capabilities" => {
            Wanted::Capabilities(capabilities(value).ok_or("a list of names as in [\"NET_BIND_SERVICE\"]")?)
        }
        "memory-below" => Wanted::MemoryBelow(bytes(value).ok_or("an amount of bytes as in \"64Mi\"")?),
        _ => return Err("no key".to_string()),
    })
}

/// The value of a key of `[contract.stop]`.
pub fn stop(key: &str, value: &DeValue<'_>) -> Result<Wanted, String> {
    Ok(match key {
        "signal" => {
            let signal = string(value).and_then(|name| Signal::parse(&name));
            Wanted::StopSignal(signal.ok_or("a signal as in \"SIGTERM\"")?)
        }
        "code" => {
            let code = number(value).filter(|code| *code <= 255);
            Wanted::StopCode(i32::try_from(code.ok_or("an exit code as in 0 or 143")?).unwrap_or_default())
        }
        "within" => Wanted::StopWithin(duration(value)?),
        "graceful" => Wanted::StopGraceful(boolean(value)?),
        _ => return Err("no key".to_string()),
    })
}

/// `true` or `false`.
pub fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    match value {
        DeValue::Boolean(value) => Ok(*value),
        _ => Err("true or false".to_string()),
    }
}

/// A path that is asked for.
pub fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_string()),
        false => Err("no path to ask for; \"/healthz\" is one".to_string()),
    }
}

/// An HTTP status.
pub fn status(value: &DeValue<'_>) -> Result<u16, String> {
    let status = number(value).and_then(|status| u16::try_from(status).ok());
    status.filter(|status| (100..600).contains(status)).ok_or("an HTTP status as in 200".to_string())
}

/// What becomes of a launch.
pub fn fate(value: &DeValue<'_>) -> Result<Fate, String> {
    let fate = string(value).and_then(|text| Fate::parse(&text));
    fate.ok_or("\"running\", \"exited\", \"exit 2\" or \"not started\"".to_string())
}

fn string(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        _ => None,
    }
}

fn strings(value: &DeValue<'_>) -> Option<Vec<String>> {
    match value {
        DeValue::Array(items) => items.iter().map(|item| string(item.get_ref())).collect(),
        _ => None,
    }
}

fn number(value: &DeValue<'_>) -> Option<u32> {
    match value {
        DeValue::Integer(number) => u32::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

fn ports(value: &DeValue<'_>) -> Option<Vec<PortSpec>> {
    strings(value)?.iter().map(|text| PortSpec::parse(text)).collect()
}

fn paths(value: &DeValue<'_>) -> Option<Vec<String>> {
    strings(value).filter(|paths| paths.iter().all(|path| path.starts_with('/')))
}

/// Names as the kernel has them, with or without `CAP_`.
fn capabilities(value: &DeValue<'_>) -> Option<Vec<String>> {
    let name = |text: &String| {
        let upper = text.to_ascii_uppercase();
        upper.strip_prefix("CAP_").map_or(upper.clone(), str::to_string)
    };
    Some(strings(value)?.iter().map(name).collect())
}

fn duration(value: &DeValue<'_>) -> Result<Duration, String> {
    let time = string(value).and_then(|text| parse_go_duration(&text));
    time.ok_or("a time as in \"5s\" or \"300ms\"".to_string())
}

/// A quantity as Kubernetes writes one: bytes, `k`, `M`, `G`, `Ki`, `Mi`, `Gi`.
fn bytes(value: &DeValue<'_>) -> Option<u64> {
    let text = match value {
        DeValue::Integer(_) => return number(value).map(u64::from),
        _ => string(value)?,
    };
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    text[..text.len() - unit.len()].parse::<u64>().ok()?.checked_mul(factor)
}
