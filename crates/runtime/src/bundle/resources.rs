//! `linux.resources`: the limits of the control group, and which devices can be opened.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{DeviceRate, Limits, RateKind, SwapLimit};
use serde_json::{Map, Value, json};

use super::{Node, Surroundings};
use crate::host::IdMap;

/// An object of the keys that have a value.
fn object<const N: usize>(pairs: [(&str, Option<Value>); N]) -> Option<Value> {
    let given = pairs.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?)));
    let object: Map<String, Value> = given.collect();
    (!object.is_empty()).then_some(Value::Object(object))
}

pub(super) fn resources(spec: &LaunchSpec, around: &Surroundings) -> Value {
    let limits = &spec.limits;
    let devices = (around.host.ids == IdMap::Host).then(|| devices(spec, &around.devices));
    let pids = limits.pids.map(|limit| json!({ "limit": limit }));
    let all = [
        ("devices", devices),
        ("memory", memory(limits)),
        ("cpu", cpu(limits)),
        ("pids", pids),
        ("blockIO", block_io(limits, &around.rated)),
    ];
    object(all).unwrap_or_else(|| json!({}))
}

/// None but those the runtime itself makes and those asked for. An ordinary user's container has no list:
/// it can open what that user can.
fn devices(spec: &LaunchSpec, nodes: &[Node]) -> Value {
    if spec.security.privileged {
        return json!([{ "allow": true, "access": "rwm" }]);
    }
    let asked = nodes.iter().map(|node| {
        let (major, minor) = (node.major, node.minor);
        json!({ "allow": true, "type": node.kind(), "major": major, "minor": minor, "access": node.access })
    });
    [json!({ "allow": false, "access": "rwm" })].into_iter().chain(asked).collect()
}

fn memory(limits: &Limits) -> Option<Value> {
    let swap = match (limits.memory_swap, limits.memory) {
        (Some(SwapLimit::Unlimited), _) => Some(json!(-1)),
        (Some(SwapLimit::Bytes(bytes)), _) => Some(json!(bytes)),
        (None, memory) => memory.map(|memory| json!(memory.saturating_mul(2))),
    };
    object([
        ("limit", limits.memory.map(Value::from)),
        ("swap", swap),
        ("reservation", limits.memory_reservation.map(Value::from)),
        ("swappiness", limits.memory_swappiness.map(Value::from)),
        ("disableOOMKiller", limits.oom_kill_disable.then_some(Value::from(true))),
    ])
}

/// The period docker divides `--cpus` by.
const USUAL_PERIOD: u64 = 100_000;

fn cpu(limits: &Limits) -> Option<Value> {
    // A billionth of a processor for 100 ms is a tenth of a thousandth of a microsecond.
    let quota = limits.nano_cpus.map(|nano| nano / (1_000_000_000 / USUAL_PERIOD)).or(limits.cpu_quota);
    let period = limits.nano_cpus.map(|_| USUAL_PERIOD).or(limits.cpu_period);
    object([
        ("shares", limits.cpu_shares.map(Value::from)),
        ("quota", quota.map(Value::from)),
        ("period", period.map(Value::from)),
        ("cpus", limits.cpuset_cpus.clone().map(Value::from)),
        ("mems", limits.cpuset_mems.clone().map(Value::from)),
    ])
}

fn block_io(limits: &Limits, rated: &[(DeviceRate, (u32, u32))]) -> Option<Value> {
    let of = |kind: RateKind| {
        let rates = rated.iter().filter(|(rate, _)| rate.kind == kind);
        let shown =
            rates.map(|(rate, (major, minor))| json!({ "major": major, "minor": minor, "rate": rate.rate }));
        let shown: Vec<Value> = shown.collect();
        (!shown.is_empty()).then_some(Value::Array(shown))
    };
    object([
        ("weight", limits.io_weight.map(Value::from)),
        ("throttleReadBpsDevice", of(RateKind::ReadBytes)),
        ("throttleWriteBpsDevice", of(RateKind::WriteBytes)),
        ("throttleReadIOPSDevice", of(RateKind::ReadOperations)),
        ("throttleWriteIOPSDevice", of(RateKind::WriteOperations)),
    ])
}
