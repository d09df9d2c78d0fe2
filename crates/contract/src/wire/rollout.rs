//! A rehearsed rollout as JSON.

use serde::{Deserialize, Serialize};

use super::{duration, micros};
use crate::evidence::{Loss, LostRequest, PodEvent, RolloutEvent, RolloutPass, RolloutRecord};

#[derive(Serialize, Deserialize)]
pub(super) struct RolloutWire {
    id: String,
    old: String,
    new: String,
    replicas: u32,
    max_surge: u32,
    max_unavailable: u32,
    probe: String,
    asks: bool,
    lag_us: u64,
    every_us: u64,
    passes: Vec<PassWire>,
}

#[derive(Serialize, Deserialize)]
struct PassWire {
    pre_stop_us: u64,
    took_us: u64,
    stuck: Option<String>,
    requests: u32,
    lost: Vec<LostWire>,
    events: Vec<EventWire>,
}

#[derive(Serialize, Deserialize)]
struct LostWire {
    at_us: u64,
    pod: String,
    after_signal_us: Option<u64>,
    loss: LossWire,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum LossWire {
    NoPod,
    Refused,
    Reset,
    Eof,
    Timeout,
    Status { status: u16 },
}

#[derive(Serialize, Deserialize)]
struct EventWire {
    at_us: u64,
    pod: String,
    what: WhatWire,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum WhatWire {
    Started,
    Ready,
    Routed,
    Terminating,
    Unrouted,
    Signalled,
    Killed,
    Gone { code: i32 },
}

impl From<&RolloutRecord> for RolloutWire {
    fn from(rollout: &RolloutRecord) -> Self {
        RolloutWire {
            id: rollout.id.clone(),
            old: rollout.old.clone(),
            new: rollout.new.clone(),
            replicas: rollout.replicas,
            max_surge: rollout.max_surge,
            max_unavailable: rollout.max_unavailable,
            probe: rollout.probe.clone(),
            asks: rollout.asks,
            lag_us: micros(rollout.lag),
            every_us: micros(rollout.every),
            passes: rollout.passes.iter().map(PassWire::from).collect(),
        }
    }
}

impl RolloutWire {
    pub(super) fn read(self) -> RolloutRecord {
        RolloutRecord {
            id: self.id,
            old: self.old,
            new: self.new,
            replicas: self.replicas,
            max_surge: self.max_surge,
            max_unavailable: self.max_unavailable,
            probe: self.probe,
            asks: self.asks,
            lag: duration(self.lag_us),
            every: duration(self.every_us),
            passes: self.passes.into_iter().map(PassWire::read).collect(),
        }
    }
}

impl From<&RolloutPass> for PassWire {
    fn from(pass: &RolloutPass) -> Self {
        let lost = |lost: &LostRequest| LostWire {
            at_us: micros(lost.at),
            pod: lost.pod.clone(),
            after_signal_us: lost.after_signal.map(micros),
            loss: LossWire::of(lost.loss),
        };
        let event = |event: &RolloutEvent| EventWire {
            at_us: micros(event.at),
            pod: event.pod.clone(),
            what: WhatWire::of(event.what),
        };
        PassWire {
            pre_stop_us: micros(pass.pre_stop),
            took_us: micros(pass.took),
            stuck: pass.stuck.clone(),
            requests: pass.requests,
            lost: pass.lost.iter().map(lost).collect(),
            events: pass.events.iter().map(event).collect(),
        }
    }
}

impl PassWire {
    fn read(self) -> RolloutPass {
        let lost = |wire: LostWire| LostRequest {
            at: duration(wire.at_us),
            pod: wire.pod,
            after_signal: wire.after_signal_us.map(duration),
            loss: wire.loss.read(),
        };
        let event = |wire: EventWire| RolloutEvent {
            at: duration(wire.at_us),
            pod: wire.pod,
            what: wire.what.read(),
        };
        RolloutPass {
            pre_stop: duration(self.pre_stop_us),
            took: duration(self.took_us),
            stuck: self.stuck,
            requests: self.requests,
            lost: self.lost.into_iter().map(lost).collect(),
            events: self.events.into_iter().map(event).collect(),
        }
    }
}

impl LossWire {
    fn of(loss: Loss) -> Self {
        match loss {
            Loss::NoPod => LossWire::NoPod,
            Loss::Refused => LossWire::Refused,
            Loss::Reset => LossWire::Reset,
            Loss::Eof => LossWire::Eof,
            Loss::Timeout => LossWire::Timeout,
            Loss::Status(status) => LossWire::Status { status },
        }
    }

    fn read(self) -> Loss {
        match self {
            LossWire::NoPod => Loss::NoPod,
            LossWire::Refused => Loss::Refused,
            LossWire::Reset => Loss::Reset,
            LossWire::Eof => Loss::Eof,
            LossWire::Timeout => Loss::Timeout,
            LossWire::Status { status } => Loss::Status(status),
        }
    }
}

impl WhatWire {
    fn of(what: PodEvent) -> Self {
        match what {
            PodEvent::Started => WhatWire::Started,
            PodEvent::Ready => WhatWire::Ready,
            PodEvent::Routed => WhatWire::Routed,
            PodEvent::Terminating => WhatWire::Terminating,
            PodEvent::Unrouted => WhatWire::Unrouted,
            PodEvent::Signalled => WhatWire::Signalled,
            PodEvent::Killed => WhatWire::Killed,
            PodEvent::Gone(code) => WhatWire::Gone { code },
        }
    }

    fn read(self) -> PodEvent {
        match self {
            WhatWire::Started => PodEvent::Started,
            WhatWire::Ready => PodEvent::Ready,
            WhatWire::Routed => PodEvent::Routed,
            WhatWire::Terminating => PodEvent::Terminating,
            WhatWire::Unrouted => PodEvent::Unrouted,
            WhatWire::Signalled => PodEvent::Signalled,
            WhatWire::Killed => PodEvent::Killed,
            WhatWire::Gone { code } => PodEvent::Gone(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let at = Duration::from_micros(1_234_567);
        let losses = [Loss::NoPod, Loss::Refused, Loss::Reset, Loss::Eof, Loss::Timeout, Loss::Status(503)];
        let events = [
            PodEvent::Started,
            PodEvent::Ready,
            PodEvent::Routed,
            PodEvent::Terminating,
            PodEvent::Unrouted,
            PodEvent::Signalled,
            PodEvent::Killed,
            PodEvent::Gone(143),
        ];
        let lost = losses.map(|loss| LostRequest { at, pod: "old-1".into(), after_signal: Some(at), loss });
        let rollout = RolloutRecord {
            id: "rollout".into(),
            old: "app:1".into(),
            new: "app:2".into(),
            replicas: 3,
            max_surge: 1,
            max_unavailable: 0,
            probe: "GET /healthz on port 8080".into(),
            asks: true,
            lag: at,
            every: at,
            passes: vec![RolloutPass {
                pre_stop: at,
                took: at,
                stuck: Some("never ready".into()),
                requests: 7,
                lost: lost.to_vec(),
                events: events.map(|what| RolloutEvent { at, pod: "new-2".into(), what }).to_vec(),
            }],
        };
        let text = serde_json::to_string(&RolloutWire::from(&rollout)).unwrap();
        assert_eq!(serde_json::from_str::<RolloutWire>(&text).unwrap().read(), rollout);
    }
}
