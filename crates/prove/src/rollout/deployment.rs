//! What a Deployment does next: pure arithmetic of Kubernetes' deployment controller
//! (`pkg/controller/deployment/rolling.go` and `util/deployment_util.go`, ResolveFenceposts).

use std::fmt;
use std::str::FromStr;

/// A number of pods, or a share of the replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Pods(u32),
    /// So many of a hundred.
    Percent(u32),
}

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no number of pods: 1 or 25% was expected")]
pub struct BadAmount {
    /// What was read.
    pub text: String,
}

impl FromStr for Amount {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<Self, BadAmount> {
        let bad = || BadAmount { text: text.chars().take(40).collect() };
        match text.strip_suffix('%') {
            Some(share) => {
                let share = share.parse().ok().filter(|share| *share <= 100);
                share.map(Amount::Percent).ok_or_else(bad)
            }
            None => text.parse().map(Amount::Pods).map_err(|_| bad()),
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Amount::Pods(number) => write!(f, "{number}"),
            Amount::Percent(share) => write!(f, "{share}%"),
        }
    }
}

/// How far a rollout may leave the number of replicas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) replicas: u32,
    pub(super) surge: u32,
    pub(super) unavailable: u32,
}

impl Bounds {
    /// Surge rounds up, unavailable down; if both come to nothing, one may be unavailable.
    pub(super) fn resolve(replicas: u32, surge: Amount, unavailable: Amount) -> Self {
        let share = |share: u32, round_up: bool| {
            let hundredth = u64::from(replicas) * u64::from(share);
            let pods = if round_up { hundredth.div_ceil(100) } else { hundredth / 100 };
            u32::try_from(pods).unwrap_or(u32::MAX)
        };
        let of = |amount: Amount, round_up: bool| match amount {
            Amount::Pods(pods) => pods,
            Amount::Percent(percent) => share(percent, round_up),
        };
        let (surge, unavailable) = (of(surge, true), of(unavailable, false));
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Bounds { replicas, surge, unavailable }
    }
}

/// Pods of both versions, without those that are ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pods {
    pub(super) old: u32,
    pub(super) old_ready: u32,
    pub(super) new: u32,
    pub(super) new_ready: u32,
}

/// What is to be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Step {
    /// New pods to start.
    pub(super) start: u32,
    /// Old pods to end; those that are not ready first.
    pub(super) end: u32,
}

/// NewRSNewReplicas and reconcileOldReplicaSets.
pub(super) fn next(bounds: Bounds, pods: Pods) -> Step {
    let total = pods.old + pods.new;
    let most = bounds.replicas.saturating_add(bounds.surge);
    let start = most.saturating_sub(total).min(bounds.replicas.saturating_sub(pods.new));
    let least = bounds.replicas.saturating_sub(bounds.unavailable);
    // As many as can go at all, were every old one ready: the new ones that are not ready do not count.
    let may_go = total.saturating_sub(least).saturating_sub(pods.new - pods.new_ready);
    let unready = (pods.old - pods.old_ready).min(may_go);
    let ready_left = pods.old_ready + pods.new_ready;
    let ready = ready_left.saturating_sub(least).min(pods.old_ready);
    Step { start, end: if may_go == 0 { 0 } else { unready + ready } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_as_the_controller_does() {
        let share = Amount::Percent(25);
        for (replicas, surge, unavailable, expected) in [
            (1, share, share, (1, 0)),
            (2, share, share, (1, 0)),
            (3, share, share, (1, 0)),
            (4, share, share, (1, 1)),
            (5, share, share, (2, 1)),
            (10, share, share, (3, 2)),
            (3, Amount::Percent(0), Amount::Percent(25), (0, 1)),
            (3, Amount::Percent(100), Amount::Percent(0), (3, 0)),
            (3, Amount::Pods(2), Amount::Pods(1), (2, 1)),
        ] {
            let bounds = Bounds::resolve(replicas, surge, unavailable);
            assert_eq!((bounds.surge, bounds.unavailable), expected, "{replicas} {surge} {unavailable}");
        }
        assert_eq!("25%".parse(), Ok(Amount::Percent(25)));
        assert_eq!("2".parse(), Ok(Amount::Pods(2)));
        for bad in ["", "%", "-1", "101%", "one"] {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_step_follows_from_the_pods_there_are() {
        let three = Bounds { replicas: 3, surge: 1, unavailable: 0 };
        let pods = |old, old_ready, new, new_ready| Pods { old, old_ready, new, new_ready };
        for (bounds, pods, expected) in [
            (three, pods(3, 3, 0, 0), (1, 0)),
            (three, pods(3, 3, 1, 0), (0, 0)),
            (three, pods(3, 3, 1, 1), (0, 1)),
            (three, pods(2, 2, 1, 1), (1, 0)),
            (three, pods(1, 1, 3, 3), (0, 1)),
            (three, pods(0, 0, 3, 3), (0, 0)),
            (Bounds { replicas: 4, surge: 1, unavailable: 1 }, pods(4, 4, 0, 0), (1, 1)),
            (Bounds { replicas: 4, surge: 0, unavailable: 1 }, pods(4, 4, 0, 0), (0, 1)),
            (Bounds { replicas: 4, surge: 0, unavailable: 1 }, pods(3, 3, 0, 0), (1, 0)),
            (Bounds { replicas: 2, surge: 2, unavailable: 0 }, pods(2, 2, 0, 0), (2, 0)),
            // An old one that is not ready goes before any other.
            (Bounds { replicas: 3, surge: 1, unavailable: 1 }, pods(3, 2, 1, 0), (0, 1)),
        ] {
            let step = next(bounds, pods);
            assert_eq!((step.start, step.end), expected, "{bounds:?} {pods:?}");
        }
    }

    /// Whatever becomes ready or goes when: the bounds hold at every moment, and it ends.
    #[test]
    fn the_bounds_hold_until_the_end() {
        for (replicas, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (3, 0, 1), (5, 2, 1), (4, 4, 4)] {
            let bounds = Bounds { replicas, surge, unavailable };
            let mut pods = Pods { old: replicas, old_ready: replicas, ..Pods::default() };
            for _ in 0..100 {
                let step = next(bounds, pods);
                pods.old -= step.end;
                pods.old_ready = pods.old_ready.min(pods.old);
                pods.new += step.start;
                assert!(pods.old + pods.new <= replicas + surge, "{bounds:?} {pods:?}");
                assert!(pods.old_ready + pods.new_ready >= replicas - unavailable, "{bounds:?} {pods:?}");
                pods.new_ready = (pods.new_ready + 1).min(pods.new);
            }
            assert_eq!((pods.old, pods.new, pods.new_ready), (0, replicas, replicas), "{bounds:?}");
        }
    }
}
