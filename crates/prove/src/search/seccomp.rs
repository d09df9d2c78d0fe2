//! A seccomp profile of the calls that the program was seen to use, and whether it works under it.

use std::collections::BTreeSet;

use plimsoll_contract::evidence::{RecordedCalls, Verdict};
use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::Seccomp;
use plimsoll_runtime::seccomp::{Watched, recorded_profile};

use super::Searcher;
use crate::subject::ProveError;

/// A call that is made only now and then is seen in one of these runs, or the profile is refuted.
const ROUNDS: usize = 3;

/// Start, function and stop, with every call seen; then again under exactly these calls.
pub(super) fn record(searcher: &Searcher<'_>, spec: &LaunchSpec) -> Result<RecordedCalls, ProveError> {
    let (mut calls, mut launch, mut foreign) = (BTreeSet::new(), BTreeSet::new(), false);
    let mut last = RecordedCalls {
        calls: Vec::new(),
        launch: Vec::new(),
        foreign,
        verdict: Verdict::Unproven("no call was seen".to_string()),
    };
    for _ in 0..ROUNDS {
        let seen = searcher.attempt(spec, Some(Watched::All))?.seen;
        if seen.calls.is_empty() {
            return Ok(last);
        }
        calls.extend(seen.calls);
        launch.extend(seen.launch);
        foreign |= seen.foreign;
        let mut filtered = spec.clone();
        filtered.security.seccomp = Seccomp::Profile(recorded_profile(&calls, &launch, foreign).to_string());
        let confirmed = searcher.attempt(&filtered, None)?;
        last = RecordedCalls {
            calls: calls.iter().map(ToString::to_string).collect(),
            launch: launch.iter().map(ToString::to_string).collect(),
            foreign,
            verdict: confirmed.result.err().map_or(Verdict::Proven, Verdict::Refuted),
        };
        if last.verdict == Verdict::Proven {
            break;
        }
    }
    Ok(last)
}
