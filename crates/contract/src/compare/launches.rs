//! Who PID 1 is, what it gets, where it listens, what becomes of every launch.

use std::collections::BTreeMap;

use super::{Comparison, Part};
use crate::evidence::{LaunchRecord, Observed, Outcome, ProcessFact};
use crate::judge::{Proof, command_text};

pub(super) fn compare(found: &mut Comparison, before: &Proof, after: &Proof) {
    let pair = (look(before), look(after));
    if let (Some(old), Some(new)) = (pair.0.and_then(Observed::pid1), pair.1.and_then(Observed::pid1)) {
        processes(found, old, new);
    }
    groups(found, before, after);
    let env = |proof: &Proof| {
        let pairs = proof.contract.env.iter().map(|variable| variable.value.clone());
        pairs.collect::<BTreeMap<String, String>>()
    };
    found.named(Part::Environment, (env(before), env(after)), |value| value.clone());
    if let (Some(old), Some(new)) = pair {
        let ports = |seen: &Observed| {
            let listeners = seen.listening.iter();
            listeners.map(|listener| (listener.port, listener.loopback_only)).collect::<BTreeMap<_, _>>()
        };
        found.named(Part::Ports, (ports(old), ports(new)), |loopback_only| {
            if *loopback_only { "loopback only" } else { "open" }.to_string()
        });
        answers(found, before, after);
    }
    found.named(Part::Launches, (fates(before), fates(after)), Clone::clone);
}

/// The image as built while it ran.
fn look(proof: &Proof) -> Option<&Observed> {
    match &proof.evidence.as_built()?.outcome {
        Outcome::Running(seen) | Outcome::Exited { seen: Some(seen), .. } => Some(seen),
        _ => None,
    }
}

fn processes(found: &mut Comparison, old: &ProcessFact, new: &ProcessFact) {
    found.value(Part::Pid1, "argv", (&old.argv, &new.argv), |argv| command_text(argv));
    found.value(Part::Pid1, "exe", (&old.exe, &new.exe), |exe| (*exe).clone());
    let user = |fact: &ProcessFact| format!("{}:{}", fact.uid, fact.gid);
    found.value(Part::Pid1, "user", (user(old), user(new)), Clone::clone);
    let names = |fact: &ProcessFact| {
        let mut names = fact.capabilities.clone();
        names.sort();
        names
    };
    found.value(Part::Pid1, "capabilities", (names(old), names(new)), |names| match names.is_empty() {
        true => "none".to_string(),
        false => names.join(" "),
    });
}

/// Supplementary groups, as PID 1 was given them: its account files decide, which an image may change.
fn groups(found: &mut Comparison, before: &Proof, after: &Proof) {
    match (known_groups(before), known_groups(after)) {
        (Some(old), Some(new)) => {
            found.value(Part::Pid1, "groups", (old, new), |groups| match groups.is_empty() {
                true => "none".to_string(),
                false => groups.iter().map(u32::to_string).collect::<Vec<_>>().join(" "),
            });
        }
        (None, None) => {}
        _ => found.open("the supplementary groups of PID 1 are known of one of the two only"),
    }
}

/// Sorted; `None` where nobody looked, or the machine cannot set any.
fn known_groups(proof: &Proof) -> Option<&[u32]> {
    proof.evidence.promised.as_ref()?.groups.as_ref()?;
    Some(&proof.evidence.as_built()?.start.as_ref()?.groups)
}

fn answers(found: &mut Comparison, before: &Proof, after: &Proof) {
    let answer = |proof: &Proof| {
        let answer = proof.evidence.http.as_ref();
        answer.map(|answer| (format!("HTTP {} on {}", answer.path, answer.port), answer.status))
    };
    let all = |proof: &Proof| answer(proof).into_iter().collect::<BTreeMap<_, _>>();
    found.named(Part::Answers, (all(before), all(after)), u16::to_string);
}

/// What became of every launch, by the word of its mode; the image as built is compared in detail.
fn fates(proof: &Proof) -> BTreeMap<String, String> {
    let claims =
        proof.claims.iter().filter_map(|claim| Some((claim.id.strip_prefix("launch-")?, &claim.experiment)));
    let mut fates = BTreeMap::new();
    for (word, experiment) in claims {
        let mut records = proof.evidence.launches.iter();
        let record = records.find(|record| Some(&record.id) == experiment.as_ref());
        if let Some(fate) = record.and_then(|record| fate(record, word == "as-built")) {
            fates.insert(word.to_string(), fate);
        }
    }
    fates
}

/// In words; a launch that could not be decided has no fate.
fn fate(record: &LaunchRecord, is_told: bool) -> Option<String> {
    Some(match &record.outcome {
        Outcome::Running(_) if is_told => "runs".to_string(),
        Outcome::Running(seen) => match seen.pid1() {
            Some(first) => format!("runs {}", command_text(&first.argv)),
            None => "runs".to_string(),
        },
        Outcome::Exited { code, .. } => format!("exit {code}"),
        Outcome::NotStarted { code, .. } => format!("not started, {code}"),
        Outcome::Undecided { .. } => return None,
    })
}
