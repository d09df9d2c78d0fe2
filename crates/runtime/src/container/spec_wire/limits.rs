//! Limits as they stand in `record.json`.

use std::path::PathBuf;

use plimsoll_model::launch::{DeviceRate, Limits, RateKind, SwapLimit, Ulimit};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) struct LimitsWire {
    memory: Option<u64>,
    memory_swap: Option<SwapWire>,
    memory_reservation: Option<u64>,
    memory_swappiness: Option<u8>,
    oom_kill_disable: bool,
    nano_cpus: Option<u64>,
    cpu_period: Option<u64>,
    cpu_quota: Option<u64>,
    cpu_shares: Option<u64>,
    cpuset_cpus: Option<String>,
    cpuset_mems: Option<String>,
    pids: Option<u64>,
    io_weight: Option<u16>,
    io_rates: Vec<RateWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SwapWire {
    Unlimited,
    Bytes(u64),
}

#[derive(Serialize, Deserialize)]
struct RateWire {
    device: PathBuf,
    kind: KindWire,
    rate: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindWire {
    ReadBytes,
    WriteBytes,
    ReadOperations,
    WriteOperations,
}

#[derive(Serialize, Deserialize)]
pub(super) struct UlimitWire {
    name: String,
    soft: Option<u64>,
    hard: Option<u64>,
}

pub(super) fn to_wire(limits: &Limits) -> LimitsWire {
    let rate = |rate: &DeviceRate| RateWire {
        device: rate.device.clone(),
        kind: match rate.kind {
            RateKind::ReadBytes => KindWire::ReadBytes,
            RateKind::WriteBytes => KindWire::WriteBytes,
            RateKind::ReadOperations => KindWire::ReadOperations,
            RateKind::WriteOperations => KindWire::WriteOperations,
        },
        rate: rate.rate,
    };
    LimitsWire {
        memory: limits.memory,
        memory_swap: limits.memory_swap.map(|swap| match swap {
            SwapLimit::Unlimited => SwapWire::Unlimited,
            SwapLimit::Bytes(bytes) => SwapWire::Bytes(bytes),
        }),
        memory_reservation: limits.memory_reservation,
        memory_swappiness: limits.memory_swappiness,
        oom_kill_disable: limits.oom_kill_disable,
        nano_cpus: limits.nano_cpus,
        cpu_period: limits.cpu_period,
        cpu_quota: limits.cpu_quota,
        cpu_shares: limits.cpu_shares,
        cpuset_cpus: limits.cpuset_cpus.clone(),
        cpuset_mems: limits.cpuset_mems.clone(),
        pids: limits.pids,
        io_weight: limits.io_weight,
        io_rates: limits.io_rates.iter().map(rate).collect(),
    }
}

pub(super) fn from_wire(wire: LimitsWire) -> Limits {
    let kind = |wire| match wire {
        KindWire::ReadBytes => RateKind::ReadBytes,
        KindWire::WriteBytes => RateKind::WriteBytes,
        KindWire::ReadOperations => RateKind::ReadOperations,
        KindWire::WriteOperations => RateKind::WriteOperations,
    };
    let rate = |wire: RateWire| DeviceRate { device: wire.device, kind: kind(wire.kind), rate: wire.rate };
    Limits {
        memory: wire.memory,
        memory_swap: wire.memory_swap.map(|swap| match swap {
            SwapWire::Unlimited => SwapLimit::Unlimited,
            SwapWire::Bytes(bytes) => SwapLimit::Bytes(bytes),
        }),
        memory_reservation: wire.memory_reservation,
        memory_swappiness: wire.memory_swappiness,
        oom_kill_disable: wire.oom_kill_disable,
        nano_cpus: wire.nano_cpus,
        cpu_period: wire.cpu_period,
        cpu_quota: wire.cpu_quota,
        cpu_shares: wire.cpu_shares,
        cpuset_cpus: wire.cpuset_cpus,
        cpuset_mems: wire.cpuset_mems,
        pids: wire.pids,
        io_weight: wire.io_weight,
        io_rates: wire.io_rates.into_iter().map(rate).collect(),
    }
}

pub(super) fn ulimit_to_wire(limit: &Ulimit) -> UlimitWire {
    UlimitWire { name: limit.name.clone(), soft: limit.soft, hard: limit.hard }
}

pub(super) fn ulimit_from_wire(wire: UlimitWire) -> Ulimit {
    Ulimit { name: wire.name, soft: wire.soft, hard: wire.hard }
}
