//! Restrictions it bears, and what had to be given for them: mounts, capabilities.

use std::collections::BTreeMap;

use super::{Comparison, Part};
use crate::evidence::{Relaxation, RungRecord, Verdict};
use crate::judge::{Proof, rung_word};

pub(super) fn compare(found: &mut Comparison, before: &Proof, after: &Proof) {
    let (mut old, mut new) = (decided(before), decided(after));
    let (tried, tried_now) = (!old.is_empty(), !new.is_empty());
    let words: Vec<&str> = old.keys().chain(new.keys()).copied().collect();
    for word in words {
        if old.contains_key(word) != new.contains_key(word) && tried && tried_now {
            old.remove(word);
            new.remove(word);
            found.open(format!("the restriction {word} was decided in one of the two only"));
        }
    }
    if tried != tried_now {
        found.open("one of the two was not restricted: there was nothing that kept running");
        return;
    }
    let show = |rung: &Rung| match rung {
        Rung::Holds(given) if given.is_empty() => "holds".to_string(),
        Rung::Holds(given) => format!("holds with {}", given.join(", ")),
        Rung::Breaks => "breaks".to_string(),
    };
    found.named(Part::Hardening, (old, new), show);
}

#[derive(PartialEq)]
enum Rung {
    Holds(Vec<String>),
    Breaks,
}

/// The rungs that were decided, by their word.
fn decided(proof: &Proof) -> BTreeMap<&'static str, Rung> {
    let rung = |record: &RungRecord| {
        let mut given: Vec<String> = record.relaxations.iter().map(given).collect();
        given.sort();
        match &record.verdict {
            Verdict::Proven => Some(Rung::Holds(given)),
            Verdict::Refuted(_) => Some(Rung::Breaks),
            Verdict::Unproven(_) => None,
        }
    };
    let rungs = proof.evidence.rungs.iter();
    rungs.filter_map(|record| Some((rung_word(&record.rung), rung(record)?))).collect()
}

fn given(relaxation: &Relaxation) -> String {
    match relaxation {
        Relaxation::WritableMount(path) => format!("a volume at {path}"),
        Relaxation::Capability(name) => format!("capability {name}"),
        Relaxation::RunAsRoot => "root".to_string(),
        Relaxation::WritableRoot => "a writable root".to_string(),
        Relaxation::PrivilegeEscalation => "gaining privileges".to_string(),
        Relaxation::LowPorts => "ports below 1024 for everybody".to_string(),
        Relaxation::Home(path) => format!("its home at {path}"),
    }
}
