//! Numbers derived from measurements, each by a rule that its reason states.

use std::time::Duration;

use plimsoll_contract::contract::KUBERNETES_GRACE;
use plimsoll_contract::evidence::{
    ConnectionKind, Rung, RungRecord, StopCondition, StopRecord, Verdict, memory_limit,
};
use plimsoll_contract::judge::Proof;
use plimsoll_model::Because;
use plimsoll_model::quantity::human_bytes;

use crate::object::Node;
use crate::run::{Run, seconds, whole_seconds};

/// Bytes in MiB, rounded up to a multiple of `step`, at least one step.
pub fn mebibytes(bytes: u64, step: u64) -> u64 {
    bytes.div_ceil(1 << 20).div_ceil(step).max(1) * step
}

/// `resources` of the container.
pub fn resources(proof: &Proof, run: &Run) -> Node {
    let cpu = Node::text("100m").why(Because::Assumed(
        "not measured under load; no limit, since it would only slow the program down".to_string(),
    ));
    let Some((peak, method)) = proof.evidence.memory_peak else {
        let unknown = Node::unset(Because::Assumed("memory use was not measured".to_string()));
        return Node::map([("requests", Node::map([("cpu", cpu)])), ("limits", unknown)]);
    };
    let peak_text = format!("peak {} ({method})", human_bytes(peak));
    let request = Node::text(format!("{}Mi", mebibytes(peak, 16)))
        .why(run.because(format!("{peak_text}, in steps of 16Mi")));
    let limit = limit(proof, run, peak, &peak_text);
    Node::map([
        ("requests", Node::map([("cpu", cpu), ("memory", request)])),
        ("limits", Node::map([("memory", limit)])),
    ])
}

/// The limit, and whether it was tried: a limit that was too little is none.
fn limit(proof: &Proof, run: &Run, peak: u64, peak_text: &str) -> Node {
    let rule = format!("2 x {peak_text}, in steps of 16Mi, at least 64Mi");
    let value = || Node::text(format!("{}Mi", memory_limit(peak) >> 20));
    let tried = proof.evidence.rungs.iter().find(|record| matches!(record.rung, Rung::MemoryLimit { .. }));
    let seen = |record: &RungRecord, fact: String| Because::Observed { experiment: record.id.clone(), fact };
    match tried.map(|record| (record, &record.verdict)) {
        Some((record, Verdict::Proven)) => value().why(seen(record, format!("{rule}; {}", record.fact))),
        Some((record, Verdict::Refuted(why))) => Node::unset(seen(record, format!("{rule}, broke: {why}"))),
        _ => value().why(run.because(rule)),
    }
}

/// Seconds the pod keeps serving before it gets the stop signal: endpoints and load balancers learn
/// of its end only then.
pub const PRE_STOP_SLEEP: u32 = 5;

/// `terminationGracePeriodSeconds`: at least 10, else three times the slowest stop and the sleep; at
/// least Kubernetes' default where idle clients held it up for longer than anybody waited.
pub fn grace(proof: &Proof, sleep: u32) -> Node {
    let default = i64::try_from(KUBERNETES_GRACE.as_secs()).unwrap_or(30);
    let Some((stop, slowest)) = proof.evidence.stop.as_ref().and_then(|stop| Some((stop, slowest(stop)?)))
    else {
        return Node::int(default)
            .why(Because::Assumed("Kubernetes' default; stopping was not tried".to_string()));
    };
    let observed = |fact| Because::Observed { experiment: stop.id.clone(), fact };
    if stop.killed {
        let fact = format!(
            "{} did not end it within {}: it needs SIGKILL after the whole period",
            stop.signal,
            seconds(stop.grace)
        );
        return Node::int(default).why(observed(fact));
    }
    let period = (whole_seconds(slowest, 3) + i64::from(sleep)).max(10);
    if let Some(held) = stop.run(is_held).filter(|run| run.killed && period < default) {
        let fact = format!("with idle clients it was still running after {}", seconds(held.grace));
        return Node::int(default).why(observed(fact));
    }
    let sleep = if sleep == 0 { String::new() } else { format!(" + {sleep} s preStop") };
    Node::int(period).why(observed(format!(
        "stopped in {} on {}; 3 x that{sleep}, at least 10",
        seconds(slowest),
        stop.signal
    )))
}

fn is_held(condition: &StopCondition) -> bool {
    *condition == StopCondition::Held
}

/// The slowest stop that ended by itself, idle clients or not.
fn slowest(stop: &StopRecord) -> Option<Duration> {
    let held = stop.run(is_held).filter(|run| !run.killed).map(|run| run.took);
    stop.times.iter().copied().chain(held).max()
}

/// The reason of the preStop sleep: what became of those who came after the signal.
pub fn pre_stop_because(proof: &Proof) -> Because {
    let why = "requests arrive until all nodes know that the pod ends";
    let stop = proof.evidence.stop.as_ref();
    let run = stop.and_then(StopRecord::under_requests);
    match (stop, run, run.and_then(|run| run.count(ConnectionKind::New))) {
        (Some(stop), Some(_), Some(new)) if new.lost() > 0 => Because::Observed {
            experiment: stop.id.clone(),
            fact: format!("{why}; of {} after {} {}", new.total(), stop.signal, new.losses()),
        },
        _ => Because::Assumed(format!("{why}; needs no program in the image")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_in_steps() {
        for (bytes, expected) in [(0, 16), (1, 16), (16 << 20, 16), ((16 << 20) + 1, 32), (36_400_000, 48)] {
            assert_eq!(mebibytes(bytes, 16), expected, "{bytes}");
        }
        assert!(mebibytes(u64::MAX, 16) >= u64::MAX >> 20);
    }
}
