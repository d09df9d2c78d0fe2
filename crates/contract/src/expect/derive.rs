//! What to expect of the next proof, from this one: measured times and amounts with room to vary, everything
//! else as it was.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_model::quantity::human_bytes;

use super::{Fate, Wanted};
use crate::evidence::{Outcome, Relaxation, Rung, Verdict};
use crate::judge::{Proof, rung_word};

/// Times may grow by this factor before it is news: machines of continuous integration are slow and busy.
const TIME_ROOM: u32 = 3;

/// Memory may grow by this factor.
const MEMORY_ROOM: u64 = 2;

/// Limits of memory are multiples of this, as in the manifest.
const MEMORY_STEP: u64 = 16 << 20;

/// A key, what to expect, and a few words on why.
pub type Derived = (String, Wanted, String);

/// Expectations that this proof meets.
pub fn derive(proof: &Proof) -> Vec<Derived> {
    let mut found = Vec::new();
    let mut add =
        |key: &str, wanted: Wanted, why: &str| found.push((key.to_string(), wanted, why.to_string()));
    let evidence = &proof.evidence;
    let outcome = evidence.as_built().map(|record| &record.outcome);
    if let Some(Outcome::Running(seen) | Outcome::Exited { seen: Some(seen), .. }) = outcome
        && let Some(first) = seen.pid1()
    {
        add("pid1", Wanted::Pid1(first.argv.clone()), "");
        add("exe", Wanted::Exe(first.exe.clone()), "");
        add("user", Wanted::User(first.uid), "");
        add("group", Wanted::Group(first.gid), "");
    }
    if let Some(Outcome::Running(seen)) = outcome {
        let outside = seen.listening.iter().filter(|listener| !listener.loopback_only);
        let ports: BTreeSet<_> = outside.map(|listener| listener.port).collect();
        add("ports", Wanted::Ports(ports.into_iter().collect()), "these and no other");
        if let Some(time) = seen.first_listen {
            let why = format!("was {:.2} s", time.as_secs_f64());
            add("listens-within", Wanted::ListensWithin(with_room(time)), &why);
        }
    }
    if let Some(answer) = &evidence.http {
        let wanted = Wanted::Http { path: answer.path.clone(), status: answer.status };
        add(&format!("http.{:?}", answer.path), wanted, "");
    }
    if let Some(stop) = &evidence.stop {
        add("stop.signal", Wanted::StopSignal(stop.signal), "");
        add("stop.code", Wanted::StopCode(stop.code), "");
        match proof.claim("stop-graceful").map(|claim| &claim.verdict) {
            Some(Verdict::Proven) => add("stop.graceful", Wanted::StopGraceful(true), ""),
            Some(Verdict::Refuted(why)) => add("stop.graceful", Wanted::StopGraceful(false), why),
            _ => {}
        }
        if let Some(longest) = stop.times.iter().max().filter(|_| !stop.killed) {
            let why = format!("was {:.2} s", longest.as_secs_f64());
            add("stop.within", Wanted::StopWithin(with_room(*longest)), &why);
        }
        add("zombies", Wanted::Zombies(stop.zombies), "at most");
    }
    if outcome.is_some_and(|outcome| matches!(outcome, Outcome::Running(_))) {
        add("writes", Wanted::Writes(places(proof)), "there, below, or nowhere");
    }
    if let Some((peak, method)) = &evidence.memory_peak {
        let limit = peak.saturating_mul(MEMORY_ROOM).div_ceil(MEMORY_STEP).saturating_mul(MEMORY_STEP);
        let why = format!("peak was {}, {method}", human_bytes(*peak));
        add("memory-below", Wanted::MemoryBelow(limit), &why);
    }
    for record in &evidence.rungs {
        let holds = match &record.verdict {
            Verdict::Proven => true,
            Verdict::Refuted(_) => false,
            Verdict::Unproven(_) => continue,
        };
        if holds && matches!(record.rung, Rung::DropAllCapabilities) {
            let needed = record.relaxations.iter().filter_map(|given| match given {
                Relaxation::Capability(name) => Some(name.clone()),
                _ => None,
            });
            add("capabilities", Wanted::Capabilities(needed.collect()), "these or fewer");
        }
        let word = rung_word(&record.rung).to_string();
        add(&format!("rungs.{word}"), Wanted::Rung { word, holds }, if holds { "" } else { &record.fact });
    }
    let launches = proof.claims.iter().filter_map(|claim| Some((claim.id.strip_prefix("launch-")?, claim)));
    for (word, claim) in launches {
        let mut records = evidence.launches.iter();
        let Some(record) = records.find(|record| Some(&record.id) == claim.experiment.as_ref()) else {
            continue;
        };
        let fate = match &record.outcome {
            Outcome::Running(_) => Fate::Running,
            Outcome::Exited { code, .. } => Fate::Exited(Some(*code)),
            Outcome::NotStarted { code, .. } => Fate::NotStarted(Some(*code)),
            Outcome::Undecided { .. } => continue,
        };
        let wanted = Wanted::Launch { word: word.to_string(), fate };
        add(&format!("launches.{word}"), wanted, &record.predicted.mode.phrase());
    }
    found
}

/// More places than these are told by the directories of the root they lie in.
const PLACES: usize = 30;

/// Directories that cover what was written: of a file the one it lies in, unless that is the root.
fn places(proof: &Proof) -> Vec<String> {
    let place = |path: &str| match path.rsplit_once('/') {
        Some(("", _)) | None => path.to_string(),
        Some((directory, _)) => directory.to_string(),
    };
    let all: BTreeSet<String> = proof.evidence.written.iter().map(|entry| place(&entry.path)).collect();
    let is_below = |one: &String| all.iter().any(|other| one.starts_with(&format!("{other}/")));
    let places: Vec<String> = all.iter().filter(|one| !is_below(one)).cloned().collect();
    if places.len() <= PLACES {
        return places;
    }
    let top = |path: &String| format!("/{}", path.split('/').nth(1).unwrap_or_default());
    places.iter().map(top).collect::<BTreeSet<_>>().into_iter().collect()
}

/// A limit that a slower machine keeps, too: whole seconds.
fn with_room(time: Duration) -> Duration {
    let seconds = time.saturating_mul(TIME_ROOM).as_secs_f64().ceil();
    Duration::from_secs((seconds as u64).max(1))
}
