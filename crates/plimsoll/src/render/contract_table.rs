//! Expectations as the table `[contract]` of `plimsoll.toml`.

use plimsoll_contract::expect::{Wanted, derive};
use plimsoll_contract::judge::Proof;
use plimsoll_model::quantity::go_duration;
use serde_json::Value;

use crate::report::columns::{fit, is_hostile};

/// Where the comments behind values begin.
const COMMENTS: usize = 40;

/// Columns of a comment.
const COMMENT: usize = 56;

/// The table that a proof meets, each value with a word on why.
pub fn contract_table(proof: &Proof) -> String {
    let mut text = format!(
        "[contract]\n# What `plimsoll prove` saw of {}; `plimsoll prove --expect` compares with it.\n\
         # A line that does not matter may go.\n",
        fit(&proof.evidence.image, 100)
    );
    for (key, wanted, why) in derive(proof) {
        let line = format!("{key} = {}", value(&wanted));
        match why.is_empty() {
            true => text.push_str(&format!("{line}\n")),
            false => text.push_str(&format!("{line:COMMENTS$} # {}\n", fit(&why, COMMENT))),
        }
    }
    text
}

/// A value as TOML writes it.
pub fn value(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Pid1(words) | Wanted::Writes(words) | Wanted::Capabilities(words) => list(words),
        Wanted::Exe(path) => string(path),
        Wanted::User(number) | Wanted::Group(number) | Wanted::Zombies(number) => number.to_string(),
        Wanted::Ports(ports) => list(&ports.iter().map(ToString::to_string).collect::<Vec<_>>()),
        Wanted::ListensWithin(time) | Wanted::StopWithin(time) => string(&go_duration(*time)),
        Wanted::Http { status, .. } => status.to_string(),
        Wanted::StopSignal(signal) => string(&signal.to_string()),
        Wanted::StopCode(code) => code.to_string(),
        Wanted::StopGraceful(holds) | Wanted::Rung { holds, .. } => holds.to_string(),
        Wanted::MemoryBelow(bytes) => string(&quantity(*bytes)),
        Wanted::Launch { fate, .. } => string(&fate.words()),
    }
}

/// As Kubernetes writes it: the largest unit that divides it.
fn quantity(bytes: u64) -> String {
    let units = [(1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")];
    let unit = units.into_iter().find(|(size, _)| bytes > 0 && bytes.is_multiple_of(*size));
    unit.map_or(bytes.to_string(), |(size, name)| format!("{}{name}", bytes / size))
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| string(word)).collect::<Vec<_>>().join(", "))
}

/// JSON's escapes are TOML's; what would steer a terminal is escaped, too. Such characters have four digits.
fn string(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.chars().fold(String::with_capacity(quoted.len()), |mut safe, c| {
        match is_hostile(c) {
            true => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => safe.push(c),
        }
        safe
    })
}
