//! What changed in behaviour between two proofs, of two images or of one at two times. Pure.
//!
//! Only what a repeat would show again counts: names that programs make up are levelled, times count when their
//! ranges lie apart, memory when it leaves a stated tolerance.

mod hardening;
mod launches;
mod protocols;
mod stop;
mod written;

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::judge::Proof;

/// Memory differs when the peaks are further apart than this share of the smaller one, in hundredths...
pub const MEMORY_PERCENT: u64 = 25;
/// ...and by more bytes than this: a small program's peak moves with the pages of its libraries.
pub const MEMORY_BYTES: u64 = 4 << 20;

/// A part of behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Who PID 1 is.
    Pid1,
    /// The variables it gets.
    Environment,
    /// What becomes of the ways of starting it.
    Launches,
    /// Ports listened on.
    Ports,
    /// What it answers.
    Answers,
    /// How it stops.
    Stop,
    /// Children nobody waited for.
    Zombies,
    /// Where it writes.
    Written,
    /// Restrictions it bears, and what they need.
    Hardening,
    /// How much memory it takes.
    Memory,
    /// Other claims weighed.
    Claims,
}

impl Part {
    /// The word for people and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Part::Pid1 => "pid 1",
            Part::Environment => "env",
            Part::Launches => "launches",
            Part::Ports => "ports",
            Part::Answers => "answers",
            Part::Stop => "stop",
            Part::Zombies => "zombies",
            Part::Written => "written",
            Part::Hardening => "hardening",
            Part::Memory => "memory",
            Part::Claims => "claims",
        }
    }
}

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part of behaviour.
    pub part: Part,
    /// What of it: `argv`, a port, a path, a rung.
    pub what: String,
    /// As it was; `None` where there was nothing.
    pub before: Option<String>,
    /// As it is now.
    pub after: Option<String>,
}

/// All that differs, and what could not be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What differs, by part.
    pub differences: Vec<Difference>,
    /// What one of the two does not know, one sentence each.
    pub open: Vec<String>,
}

impl Comparison {
    /// Values of one thing that must be equal.
    fn value<T: PartialEq>(&mut self, part: Part, what: &str, pair: (T, T), show: impl Fn(&T) -> String) {
        if pair.0 != pair.1 {
            let (before, after) = (Some(show(&pair.0)), Some(show(&pair.1)));
            self.differences.push(Difference { part, what: what.to_string(), before, after });
        }
    }

    /// Named values: what is new, what is gone, what changed.
    fn named<K: Ord + Display, V: PartialEq>(
        &mut self,
        part: Part,
        (before, after): (BTreeMap<K, V>, BTreeMap<K, V>),
        show: impl Fn(&V) -> String,
    ) {
        let names: std::collections::BTreeSet<&K> = before.keys().chain(after.keys()).collect();
        for name in names {
            let (old, new) = (before.get(name), after.get(name));
            if old != new {
                self.differences.push(Difference {
                    part,
                    what: name.to_string(),
                    before: old.map(&show),
                    after: new.map(&show),
                });
            }
        }
    }

    fn open(&mut self, why: impl Into<String>) {
        self.open.push(why.into());
    }
}

/// Compare two proofs.
pub fn compare(before: &Proof, after: &Proof) -> Comparison {
    let mut found = Comparison::default();
    if before.evidence.rollout.is_some() != after.evidence.rollout.is_some() {
        found.open("one of the two is a rehearsed rollout, which says nothing of an image by itself");
        return found;
    }
    launches::compare(&mut found, before, after);
    protocols::compare(&mut found, before, after);
    stop::compare(&mut found, before, after);
    written::compare(&mut found, before, after);
    hardening::compare(&mut found, before, after);
    memory(&mut found, before, after);
    claims(&mut found, before, after);
    found.differences.sort_by_key(|difference| difference.part);
    found
}

fn memory(found: &mut Comparison, before: &Proof, after: &Proof) {
    let (Some((old, how)), Some((new, now))) = (&before.evidence.memory_peak, &after.evidence.memory_peak)
    else {
        if before.evidence.memory_peak.is_some() != after.evidence.memory_peak.is_some() {
            found.open("the memory of one of the two was not measured");
        }
        return;
    };
    if how != now {
        found.open("memory was not measured in the same way");
        return;
    }
    let apart = old.abs_diff(*new);
    // By u128: a record may hold any number.
    let beyond = u128::from(apart) * 100 > u128::from(*old.min(new)) * u128::from(MEMORY_PERCENT);
    if apart > MEMORY_BYTES && beyond {
        found
            .value(Part::Memory, "peak", (*old, *new), |bytes| plimsoll_model::quantity::human_bytes(*bytes));
    }
}

/// Claims of parts that are not compared by their facts.
fn claims(found: &mut Comparison, before: &Proof, after: &Proof) {
    use crate::evidence::Verdict;
    let told = ["launch-", "start-", "port-", "unexposed-", "stop-graceful", "stop-all", "rung-", "zombies"];
    let decided = |proof: &Proof| {
        let claims = proof.claims.iter().filter(|claim| !told.iter().any(|own| claim.id.starts_with(own)));
        let word = |verdict: &Verdict| match verdict {
            Verdict::Proven => Some("proven"),
            Verdict::Refuted(_) => Some("refuted"),
            Verdict::Unproven(_) => None,
        };
        let words = claims.filter_map(|claim| Some((claim.id.clone(), word(&claim.verdict)?)));
        words.collect::<BTreeMap<String, &str>>()
    };
    let (mut old, mut new) = (decided(before), decided(after));
    // What only one of them could decide is no news of the program.
    old.retain(|id, _| new.contains_key(id));
    new.retain(|id, _| old.contains_key(id));
    found.named(Part::Claims, (old, new), |word| (*word).to_string());
}

#[cfg(test)]
mod tests;
