//! Claims about a rehearsed rollout.

use std::collections::BTreeMap;

use super::{Claim, command_text, seconds};
use crate::evidence::{Loss, RolloutPass, RolloutRecord, Verdict};

/// Every claim about a rehearsal. What is lost without the sleep is a note: the sleep is the cure.
pub fn rollout_claims(rollout: &RolloutRecord) -> Vec<Claim> {
    let claim = |id: &str, statement: String, required, verdict| Claim {
        id: id.to_string(),
        statement,
        required,
        verdict,
        experiment: Some(rollout.id.clone()),
    };
    let mut claims = Vec::new();
    let stuck = rollout.passes.iter().find_map(|pass| pass.stuck.clone());
    claims.push(claim(
        "rollout-completes",
        format!("{} takes the place of {}", rollout.new, rollout.old),
        true,
        stuck.map_or(Verdict::Proven, Verdict::Refuted),
    ));
    for pass in &rollout.passes {
        let (id, statement) = match pass.pre_stop.is_zero() {
            true => ("rollout-bare", "no request is lost without a preStop sleep".to_string()),
            false => (
                "rollout-lossless",
                format!("no request is lost with a preStop sleep of {}", seconds(pass.pre_stop)),
            ),
        };
        claims.push(claim(id, statement, !pass.pre_stop.is_zero(), lossless(pass)));
    }
    claims
}

fn lossless(pass: &RolloutPass) -> Verdict {
    match (pass.lost.len(), &pass.stuck) {
        (0, Some(why)) => Verdict::Unproven(why.clone()),
        (0, None) => Verdict::Proven,
        (lost, _) => Verdict::Refuted(format!("{lost} of {} were: {}", pass.requests, losses(pass))),
    }
}

/// The command line that rehearses it again.
pub fn rollout_command(rollout: &RolloutRecord) -> String {
    let images = command_text(&[rollout.old.clone(), rollout.new.clone()]);
    format!(
        "plimsoll prove --rollout {images} --replicas {} --max-surge {} --max-unavailable {} --endpoint-lag {}",
        rollout.replicas,
        rollout.max_surge,
        rollout.max_unavailable,
        rollout.lag.as_millis()
    )
}

/// `3 refused, 1 reset`.
pub fn losses(pass: &RolloutPass) -> String {
    let mut counts: BTreeMap<Loss, u32> = BTreeMap::new();
    for lost in &pass.lost {
        *counts.entry(lost.loss).or_default() += 1;
    }
    let word = |loss: Loss| match loss {
        Loss::NoPod => "found no pod".to_string(),
        Loss::Refused => "refused".to_string(),
        Loss::Reset => "reset".to_string(),
        Loss::Eof => "closed without an answer".to_string(),
        Loss::Timeout => "not answered".to_string(),
        Loss::Status(status) => format!("answered {status}"),
    };
    counts.iter().map(|(loss, count)| format!("{count} {}", word(*loss))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::evidence::LostRequest;

    fn pass(pre_stop: u64, losses: &[Loss]) -> RolloutPass {
        let lost = |loss: &Loss| LostRequest {
            at: Duration::ZERO,
            pod: "old-1".into(),
            after_signal: None,
            loss: *loss,
        };
        RolloutPass {
            pre_stop: Duration::from_secs(pre_stop),
            took: Duration::from_secs(3),
            stuck: None,
            requests: 100,
            lost: losses.iter().map(lost).collect(),
            events: Vec::new(),
        }
    }

    #[test]
    fn only_what_the_sleep_does_not_cure_breaks_a_promise() {
        let record = RolloutRecord {
            id: "rollout".into(),
            old: "app:1".into(),
            new: "app:2".into(),
            replicas: 3,
            max_surge: 1,
            max_unavailable: 0,
            probe: "TCP".into(),
            asks: false,
            lag: Duration::ZERO,
            every: Duration::ZERO,
            passes: vec![pass(0, &[Loss::Refused, Loss::Reset, Loss::Refused]), pass(5, &[])],
        };
        let claims = rollout_claims(&record);
        let of = |id: &str| claims.iter().find(|claim| claim.id == id).unwrap();
        assert_eq!(of("rollout-completes").verdict, Verdict::Proven);
        assert_eq!(of("rollout-lossless").verdict, Verdict::Proven);
        assert!(of("rollout-lossless").required && !of("rollout-bare").required);
        assert_eq!(of("rollout-bare").verdict, Verdict::Refuted("3 of 100 were: 2 refused, 1 reset".into()));
        assert_eq!(
            rollout_command(&record),
            "plimsoll prove --rollout app:1 app:2 --replicas 3 --max-surge 1 --max-unavailable 0 --endpoint-lag 0"
        );
        let stuck = RolloutPass { stuck: Some("never ready".into()), ..pass(5, &[]) };
        let claims = rollout_claims(&RolloutRecord { passes: vec![stuck], ..record });
        assert!(matches!(&claims[0].verdict, Verdict::Refuted(why) if why == "never ready"));
    }
}
