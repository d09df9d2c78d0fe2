//! How it stops: the signal, the end, the time where the ranges lie apart, what is left behind.

use std::time::Duration;

use super::{Comparison, Difference, Part};
use crate::evidence::{Outcome, StopRecord, Verdict};
use crate::judge::Proof;

/// Runs that a range needs: one time says nothing about how times vary.
const RUNS: usize = 2;

/// Ranges nearer to each other than this are not told apart: a busy machine moves them that far.
const NOISE: Duration = Duration::from_millis(100);

pub(super) fn compare(found: &mut Comparison, before: &Proof, after: &Proof) {
    let (old, new) = (&before.evidence.stop, &after.evidence.stop);
    let (Some(old), Some(new)) = (old, new) else {
        if old.is_some() != new.is_some() {
            found.open("one of the two was not stopped: there was nothing that kept running");
        }
        return;
    };
    found.value(Part::Stop, "signal", (old.signal, new.signal), ToString::to_string);
    let end = |stop: &StopRecord| match stop.killed {
        true => "killed after the grace period".to_string(),
        false => format!("exit {}", stop.code),
    };
    found.value(Part::Stop, "end", (end(old), end(new)), Clone::clone);
    found.value(Part::Stop, "graceful", (graceful(before), graceful(after)), |graceful| match graceful {
        Some(true) => "yes".to_string(),
        Some(false) => "no".to_string(),
        None => "open".to_string(),
    });
    times(found, old, new);
    let left = |stop: &StopRecord| !stop.killed_with_namespace.is_empty();
    found.value(Part::Stop, "died with PID 1", (left(old), left(new)), |left| {
        if *left { "other processes" } else { "nobody" }.to_string()
    });
    found.value(Part::Zombies, "left behind", (zombies(before) > 0, zombies(after) > 0), |some| {
        if *some { "some" } else { "none" }.to_string()
    });
}

fn graceful(proof: &Proof) -> Option<bool> {
    match proof.claim("stop-graceful")?.verdict {
        Verdict::Proven => Some(true),
        Verdict::Refuted(_) => Some(false),
        Verdict::Unproven(_) => None,
    }
}

fn times(found: &mut Comparison, old: &StopRecord, new: &StopRecord) {
    if old.killed || new.killed || old.times.len() < RUNS || new.times.len() < RUNS {
        return;
    }
    let range = |stop: &StopRecord| {
        let (first, last) = (stop.times.iter().min(), stop.times.iter().max());
        (first.copied().unwrap_or_default(), last.copied().unwrap_or_default())
    };
    let (old, new) = (range(old), range(new));
    let is_behind = |one: (Duration, Duration), other: (Duration, Duration)| {
        one.0.checked_sub(other.1).is_some_and(|gap| gap > NOISE)
    };
    if is_behind(old, new) || is_behind(new, old) {
        let show = |(first, last): (Duration, Duration)| {
            Some(format!("{:.2}-{:.2} s", first.as_secs_f64(), last.as_secs_f64()))
        };
        let (before, after) = (show(old), show(new));
        found.differences.push(Difference { part: Part::Stop, what: "time".to_string(), before, after });
    }
}

fn zombies(proof: &Proof) -> usize {
    let running = match proof.evidence.as_built().map(|record| &record.outcome) {
        Some(Outcome::Running(seen)) => seen.processes.iter().filter(|process| process.zombie).count(),
        _ => 0,
    };
    running.max(proof.evidence.stop.as_ref().map_or(0, |stop| stop.zombies as usize))
}
