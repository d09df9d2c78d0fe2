//! What a rehearsed rollout could have seen.

use std::time::Duration;

use plimsoll_contract::evidence::{Loss, LostRequest, PodEvent, RolloutEvent, RolloutPass, RolloutRecord};

/// Two replicas; without the sleep requests are lost, with it none.
pub fn rehearsal() -> RolloutRecord {
    RolloutRecord {
        id: "rollout".into(),
        old: "app:1".into(),
        new: "app:dev".into(),
        replicas: 2,
        max_surge: 1,
        max_unavailable: 0,
        probe: "GET / on port 8080".into(),
        asks: true,
        lag: Duration::from_millis(300),
        every: Duration::from_millis(20),
        passes: vec![bare(), sleeping()],
    }
}

fn bare() -> RolloutPass {
    let lost = |millis, pod: &str, after: Option<u64>, loss| LostRequest {
        at: Duration::from_millis(millis),
        pod: pod.into(),
        after_signal: after.map(Duration::from_millis),
        loss,
    };
    RolloutPass {
        pre_stop: Duration::ZERO,
        took: Duration::from_millis(1_620),
        stuck: None,
        requests: 81,
        lost: vec![
            lost(560, "old-1", Some(20), Loss::Refused),
            lost(600, "old-1", Some(60), Loss::Refused),
            lost(1_130, "old-2", Some(10), Loss::Reset),
            lost(1_600, "", None, Loss::NoPod),
        ],
        events: replaced(0),
    }
}

fn sleeping() -> RolloutPass {
    RolloutPass {
        pre_stop: Duration::from_secs(5),
        took: Duration::from_millis(11_620),
        stuck: None,
        requests: 581,
        lost: Vec::new(),
        events: replaced(5_000),
    }
}

/// One pod after the other; `sleep` milliseconds lie between the end of its service and its signal.
fn replaced(sleep: u64) -> Vec<RolloutEvent> {
    let mut events: Vec<RolloutEvent> = Vec::new();
    let mut add = |millis: u64, pod: &str, what| {
        events.push(RolloutEvent { at: Duration::from_millis(millis), pod: pod.into(), what });
    };
    for pod in ["old-1", "old-2"] {
        add(0, pod, PodEvent::Started);
        add(0, pod, PodEvent::Ready);
        add(0, pod, PodEvent::Routed);
    }
    for (number, begin) in [(1, 0), (2, 560 + sleep)] {
        let (old, new) = (format!("old-{number}"), format!("new-{number}"));
        add(begin, &new, PodEvent::Started);
        add(begin + 240, &new, PodEvent::Ready);
        add(begin + 540, &new, PodEvent::Routed);
        add(begin + 540, &old, PodEvent::Terminating);
        add(begin + 540 + sleep, &old, PodEvent::Signalled);
        add(begin + 555 + sleep, &old, PodEvent::Gone(143));
        add(begin + 840, &old, PodEvent::Unrouted);
    }
    events.sort_by_key(|event| event.at);
    events
}
