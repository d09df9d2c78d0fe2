//! Limits as files and values of control groups, version 1 (kernel, Documentation/admin-guide/cgroup-v1).

use plimsoll_model::launch::{Limits, RateKind, SwapLimit};

use super::flags;
use super::rate::Rate;
use super::setting::{Flag, Setting};

/// What is to be written, in this order, into a new control group.
pub fn settings(limits: &Limits, rates: &[Rate]) -> Vec<Setting> {
    let mut settings = Vec::new();
    memory(limits, &mut settings);
    processor(limits, &mut settings);
    let cpus = limits.cpuset_cpus.iter().map(|list| ("cpuset.cpus", list, flags::CPUSET_CPUS));
    let mems = limits.cpuset_mems.iter().map(|list| ("cpuset.mems", list, flags::CPUSET_MEMS));
    settings.extend(cpus.chain(mems).map(|(file, list, flag)| Setting::new("cpuset", file, list, flag)));
    settings.extend(limits.pids.map(|count| Setting::new("pids", "pids.max", count, flags::PIDS)));
    settings.extend(limits.io_weight.map(|weight| Setting {
        otherwise: Some(("blkio.bfq.weight", weight.to_string())),
        ..Setting::new("blkio", "blkio.weight", weight, flags::IO_WEIGHT)
    }));
    settings.extend(rates.iter().map(rate));
    settings
}

fn memory(limits: &Limits, settings: &mut Vec<Setting>) {
    let mut set = |file, value: String, flag: Flag| settings.push(Setting::new("memory", file, value, flag));
    if let Some(bytes) = limits.memory {
        set("memory.limit_in_bytes", bytes.to_string(), flags::MEMORY);
    }
    // After the memory limit, which it must not be below.
    match (limits.memory_swap, limits.memory) {
        (Some(SwapLimit::Unlimited), _) => set("memory.memsw.limit_in_bytes", "-1".into(), flags::SWAP),
        (Some(SwapLimit::Bytes(both)), _) => {
            set("memory.memsw.limit_in_bytes", both.to_string(), flags::SWAP);
        }
        (None, Some(bytes)) => {
            set("memory.memsw.limit_in_bytes", bytes.saturating_mul(2).to_string(), flags::SWAP);
        }
        (None, None) => {}
    }
    if let Some(bytes) = limits.memory_reservation {
        set("memory.soft_limit_in_bytes", bytes.to_string(), flags::RESERVATION);
    }
    if let Some(percent) = limits.memory_swappiness {
        set("memory.swappiness", percent.to_string(), flags::SWAPPINESS);
    }
    if limits.oom_kill_disable {
        set("memory.oom_control", "1".into(), flags::OOM_KILL);
    }
}

/// The period of `--cpus` in microseconds, docker's and the kernel's default.
pub(super) const PERIOD: u64 = 100_000;

/// Microseconds of each period that make up so many billionths of a processor.
pub(super) fn quota(nano_cpus: u64) -> u64 {
    u64::try_from(u128::from(nano_cpus) * u128::from(PERIOD) / 1_000_000_000).unwrap_or(u64::MAX)
}

fn processor(limits: &Limits, settings: &mut Vec<Setting>) {
    let mut set = |file, value: u64, flag: Flag| settings.push(Setting::new("cpu", file, value, flag));
    if let Some(nano_cpus) = limits.nano_cpus {
        set("cpu.cfs_period_us", PERIOD, flags::CPUS);
        set("cpu.cfs_quota_us", quota(nano_cpus), flags::CPUS);
    }
    if let Some(period) = limits.cpu_period {
        set("cpu.cfs_period_us", period, flags::PERIOD);
    }
    if let Some(quota) = limits.cpu_quota {
        set("cpu.cfs_quota_us", quota, flags::QUOTA);
    }
    if let Some(shares) = limits.cpu_shares {
        set("cpu.shares", shares, flags::SHARES);
    }
}

fn rate(rate: &Rate) -> Setting {
    let file = match rate.kind {
        RateKind::ReadBytes => "blkio.throttle.read_bps_device",
        RateKind::WriteBytes => "blkio.throttle.write_bps_device",
        RateKind::ReadOperations => "blkio.throttle.read_iops_device",
        RateKind::WriteOperations => "blkio.throttle.write_iops_device",
    };
    let value = format!("{}:{} {}", rate.major, rate.minor, rate.rate);
    Setting::new("blkio", file, value, flags::of_rate(rate.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(limits: &Limits, rates: &[Rate]) -> Vec<String> {
        let line = |setting: &Setting| format!("{}={}", setting.file, setting.value);
        settings(limits, rates).iter().map(line).collect()
    }

    #[test]
    fn nothing_asked_for_is_nothing_written() {
        assert!(settings(&Limits::default(), &[]).is_empty());
    }

    #[test]
    fn memory_and_swap_by_dockers_rules() {
        let limits = |memory, memory_swap| Limits { memory, memory_swap, ..Limits::default() };
        for (memory, swap, expected) in [
            (Some(100), None, &["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=200"][..]),
            (
                Some(100),
                Some(SwapLimit::Bytes(150)),
                &["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=150"],
            ),
            (
                Some(100),
                Some(SwapLimit::Unlimited),
                &["memory.limit_in_bytes=100", "memory.memsw.limit_in_bytes=-1"],
            ),
            (None, Some(SwapLimit::Unlimited), &["memory.memsw.limit_in_bytes=-1"]),
            (
                Some(u64::MAX),
                None,
                &[
                    "memory.limit_in_bytes=18446744073709551615",
                    "memory.memsw.limit_in_bytes=18446744073709551615",
                ],
            ),
        ] {
            assert_eq!(lines(&limits(memory, swap), &[]), expected, "{memory:?} {swap:?}");
        }
    }

    #[test]
    fn every_limit_has_its_file() {
        let limits = Limits {
            memory_reservation: Some(50),
            memory_swappiness: Some(0),
            oom_kill_disable: true,
            nano_cpus: Some(1_500_000_000),
            cpu_shares: Some(512),
            cpuset_cpus: Some("0-1".into()),
            cpuset_mems: Some("0".into()),
            pids: Some(20),
            io_weight: Some(300),
            ..Limits::default()
        };
        let rates = [
            Rate { major: 8, minor: 0, kind: RateKind::ReadBytes, rate: 1 << 20 },
            Rate { major: 8, minor: 16, kind: RateKind::WriteOperations, rate: 100 },
        ];
        let expected = [
            "memory.soft_limit_in_bytes=50",
            "memory.swappiness=0",
            "memory.oom_control=1",
            "cpu.cfs_period_us=100000",
            "cpu.cfs_quota_us=150000",
            "cpu.shares=512",
            "cpuset.cpus=0-1",
            "cpuset.mems=0",
            "pids.max=20",
            "blkio.weight=300",
            "blkio.throttle.read_bps_device=8:0 1048576",
            "blkio.throttle.write_iops_device=8:16 100",
        ];
        assert_eq!(lines(&limits, &rates), expected);
        let weight = settings(&limits, &[]).into_iter().find(|one| one.file == "blkio.weight").unwrap();
        assert_eq!(weight.otherwise, Some(("blkio.bfq.weight", "300".into())));
    }

    #[test]
    fn period_and_quota_stand_for_themselves() {
        let limits = Limits { cpu_period: Some(50_000), cpu_quota: Some(25_000), ..Limits::default() };
        assert_eq!(lines(&limits, &[]), ["cpu.cfs_period_us=50000", "cpu.cfs_quota_us=25000"]);
    }
}
