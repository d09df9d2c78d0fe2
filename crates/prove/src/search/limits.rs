//! Memory and processes: limits that follow from what was measured, and whether it works within them.

use plimsoll_contract::evidence::{Rung, RungRecord, Verdict, memory_limit};
use plimsoll_model::LaunchSpec;

use super::Searcher;
use crate::group::Group;
use crate::subject::ProveError;
use crate::trial::{Beside, Trial};

/// Rule: four times the processes and threads that were seen, in steps of 64.
fn pids_limit(seen: u64) -> u64 {
    seen.saturating_mul(4).max(1).div_ceil(64) * 64
}

/// Both limits in one start.
pub(super) fn rungs(
    searcher: &Searcher<'_>,
    spec: &LaunchSpec,
    joint: &Trial,
) -> Result<Vec<RungRecord>, ProveError> {
    let Some((peak, _)) = searcher.baseline.memory_peak else { return Ok(Vec::new()) };
    let bytes = memory_limit(peak);
    let count = pids_limit(joint.tasks);
    let mut limited = spec.clone();
    limited.limits.memory = Some(bytes);
    limited.limits.pids = Some(count);
    let both = |memory: Verdict, pids: Verdict, fact: &str, command: &str| {
        let record = |id: &str, rung, verdict| RungRecord {
            id: id.to_string(),
            rung,
            verdict,
            fact: fact.to_string(),
            relaxations: Vec::new(),
            refused: Vec::new(),
            command: command.to_string(),
        };
        vec![
            record("rung-memory", Rung::MemoryLimit { bytes }, memory),
            record("rung-pids", Rung::PidsLimit { count }, pids),
        ]
    };
    let group = match Group::create(searcher.subject, &limited) {
        Ok(group) => group,
        Err(why) => {
            let open = Verdict::Unproven(why.clone());
            return Ok(both(open.clone(), open, &why, ""));
        }
    };
    let beside = Beside { watched: None, cgroup: Some(group.cgroup()) };
    let attempt = searcher.attempt_beside(&limited, beside)?;
    let killed = group.oom_kills() > 0;
    drop(group);
    let verdicts = match (&attempt.result, killed) {
        (Ok(_), _) => (Verdict::Proven, Verdict::Proven),
        (Err(why), true) => {
            let open = "it ran out of memory in the same start".to_string();
            (Verdict::Refuted(format!("out of memory: {why}")), Verdict::Unproven(open))
        }
        (Err(why), false) => (Verdict::Unproven(why.clone()), Verdict::Refuted(why.clone())),
    };
    let fact = match &attempt.result {
        Ok(fact) => format!("{fact} within both limits"),
        Err(why) => why.clone(),
    };
    Ok(both(verdicts.0, verdicts.1, &fact, &attempt.command))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_in_steps() {
        assert_eq!([0, 1, 16, 17, 100].map(pids_limit), [64, 64, 64, 128, 448]);
        assert_eq!(memory_limit(1), 64 << 20);
        assert_eq!(memory_limit(40 << 20), 80 << 20);
        assert_eq!(memory_limit((40 << 20) + 1), 96 << 20);
    }
}
