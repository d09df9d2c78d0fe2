//! Limits as files and values of control groups, version 2 (kernel, Documentation/admin-guide/cgroup-v2.rst).

use plimsoll_model::launch::{Limits, RateKind, SwapLimit};

use super::flags;
use super::rate::Rate;
use super::setting::{Flag, Setting};
use super::version_one::{PERIOD, quota};

/// What is to be written into a new control group.
pub fn settings(limits: &Limits, rates: &[Rate]) -> Vec<Setting> {
    let mut settings = Vec::new();
    memory(limits, &mut settings);
    settings.extend(processor(limits));
    settings.extend(
        limits.cpu_shares.map(|shares| Setting::new("cpu", "cpu.weight", cpu_weight(shares), flags::SHARES)),
    );
    let cpus = limits.cpuset_cpus.iter().map(|list| ("cpuset.cpus", list, flags::CPUSET_CPUS));
    let mems = limits.cpuset_mems.iter().map(|list| ("cpuset.mems", list, flags::CPUSET_MEMS));
    settings.extend(cpus.chain(mems).map(|(file, list, flag)| Setting::new("cpuset", file, list, flag)));
    settings.extend(limits.pids.map(|count| Setting::new("pids", "pids.max", count, flags::PIDS)));
    settings.extend(limits.io_weight.map(|weight| Setting {
        // The scheduler's own weight first, as runc: it takes docker's range as it is.
        otherwise: Some(("io.weight", io_weight(weight).to_string())),
        ..Setting::new("io", "io.bfq.weight", weight, flags::IO_WEIGHT)
    }));
    settings.extend(rates.iter().map(rate));
    settings
}

/// What version 2 has nothing for.
pub fn unknown(limits: &Limits) -> Vec<Flag> {
    let swappiness = limits.memory_swappiness.map(|_| flags::SWAPPINESS);
    swappiness.into_iter().chain(limits.oom_kill_disable.then_some(flags::OOM_KILL)).collect()
}

/// docker counts memory and swap together, version 2 counts swap alone.
fn memory(limits: &Limits, settings: &mut Vec<Setting>) {
    let mut set = |file, value: String, flag: Flag| settings.push(Setting::new("memory", file, value, flag));
    if let Some(bytes) = limits.memory {
        set("memory.max", bytes.to_string(), flags::MEMORY);
    }
    let memory = limits.memory.unwrap_or(0);
    match limits.memory_swap {
        Some(SwapLimit::Unlimited) => set("memory.swap.max", "max".into(), flags::SWAP),
        Some(SwapLimit::Bytes(both)) => {
            set("memory.swap.max", both.saturating_sub(memory).to_string(), flags::SWAP);
        }
        None if limits.memory.is_some() => set("memory.swap.max", memory.to_string(), flags::SWAP),
        None => {}
    }
    if let Some(bytes) = limits.memory_reservation {
        set("memory.low", bytes.to_string(), flags::RESERVATION);
    }
}

/// Quota and period are one value.
fn processor(limits: &Limits) -> Option<Setting> {
    let period = limits.cpu_period.unwrap_or(PERIOD);
    let (value, flag) = match (limits.nano_cpus, limits.cpu_quota, limits.cpu_period) {
        (Some(nano_cpus), ..) => (format!("{} {PERIOD}", quota(nano_cpus)), flags::CPUS),
        (None, Some(quota), _) => (format!("{quota} {period}"), flags::QUOTA),
        (None, None, Some(_)) => (format!("max {period}"), flags::PERIOD),
        (None, None, None) => return None,
    };
    Some(Setting::new("cpu", "cpu.max", value, flag))
}

/// Shares (2 to 262144) to a weight (1 to 10000), on a straight line as runc 1.1 and Kubernetes do.
fn cpu_weight(shares: u64) -> u64 {
    1 + shares.clamp(2, 262_144).saturating_sub(2) * 9999 / 262_142
}

/// docker's weight (10 to 1000) to version 2's (1 to 10000), as runc does.
fn io_weight(weight: u16) -> u64 {
    1 + u64::from(weight.clamp(10, 1000) - 10) * 9999 / 990
}

fn rate(rate: &Rate) -> Setting {
    let key = match rate.kind {
        RateKind::ReadBytes => "rbps",
        RateKind::WriteBytes => "wbps",
        RateKind::ReadOperations => "riops",
        RateKind::WriteOperations => "wiops",
    };
    let value = format!("{}:{} {key}={}", rate.major, rate.minor, rate.rate);
    Setting::new("io", "io.max", value, flags::of_rate(rate.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limits: &Limits, rates: &[Rate]) -> Vec<String> {
        let line = |setting: &Setting| format!("{}={}", setting.file, setting.value);
        settings(limits, rates).iter().map(line).collect()
    }

    #[test]
    fn swap_is_what_is_beyond_memory() {
        let limits = |memory, memory_swap| Limits { memory, memory_swap, ..Limits::default() };
        for (memory, swap, expected) in [
            (Some(100), None, &["memory.max=100", "memory.swap.max=100"][..]),
            (Some(100), Some(SwapLimit::Bytes(150)), &["memory.max=100", "memory.swap.max=50"]),
            (Some(100), Some(SwapLimit::Bytes(100)), &["memory.max=100", "memory.swap.max=0"]),
            (Some(100), Some(SwapLimit::Unlimited), &["memory.max=100", "memory.swap.max=max"]),
            (None, Some(SwapLimit::Unlimited), &["memory.swap.max=max"]),
            (None, None, &[]),
        ] {
            assert_eq!(lines(&limits(memory, swap), &[]), expected, "{memory:?} {swap:?}");
        }
    }

    #[test]
    fn every_limit_has_its_file() {
        let limits = Limits {
            memory_reservation: Some(50),
            memory_swappiness: Some(60),
            oom_kill_disable: true,
            nano_cpus: Some(250_000_000),
            cpu_shares: Some(1024),
            cpuset_cpus: Some("0-1".into()),
            cpuset_mems: Some("0".into()),
            pids: Some(20),
            io_weight: Some(500),
            ..Limits::default()
        };
        let rates = [
            Rate { major: 8, minor: 0, kind: RateKind::WriteBytes, rate: 1 << 20 },
            Rate { major: 259, minor: 1, kind: RateKind::ReadOperations, rate: 10 },
        ];
        let expected = [
            "memory.low=50",
            "cpu.max=25000 100000",
            "cpu.weight=39",
            "cpuset.cpus=0-1",
            "cpuset.mems=0",
            "pids.max=20",
            "io.bfq.weight=500",
            "io.max=8:0 wbps=1048576",
            "io.max=259:1 riops=10",
        ];
        assert_eq!(lines(&limits, &rates), expected);
        assert_eq!(unknown(&limits), [flags::SWAPPINESS, flags::OOM_KILL]);
        let weight = settings(&limits, &[]).into_iter().find(|one| one.file == "io.bfq.weight").unwrap();
        assert_eq!(weight.otherwise, Some(("io.weight", "4950".into())));
    }

    #[test]
    fn quota_and_period_are_one_value() {
        let limits = |cpu_period, cpu_quota| Limits { cpu_period, cpu_quota, ..Limits::default() };
        assert_eq!(lines(&limits(Some(50_000), Some(25_000)), &[]), ["cpu.max=25000 50000"]);
        assert_eq!(lines(&limits(None, Some(25_000)), &[]), ["cpu.max=25000 100000"]);
        assert_eq!(lines(&limits(Some(50_000), None), &[]), ["cpu.max=max 50000"]);
    }

    #[test]
    fn weights_at_their_ends() {
        assert_eq!((cpu_weight(2), cpu_weight(262_144)), (1, 10_000));
        assert_eq!((io_weight(10), io_weight(1000)), (1, 10_000));
        assert_eq!((cpu_weight(0), cpu_weight(u64::MAX)), (1, 10_000));
    }
}
