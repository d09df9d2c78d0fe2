//! Limits that no container can have, by docker's rules (moby, `daemon/daemon_unix.go`), found before
//! anything is made.

use std::fs;

use plimsoll_model::launch::{Limits, SwapLimit};

use super::error::CgroupError;
use super::flags;
use super::setting::Flag;

/// What a limit can be measured against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Processors that run, as the kernel lists them: `0-3,6`.
    pub cpus: String,
    /// Memory nodes.
    pub nodes: String,
}

impl Machine {
    /// This machine.
    pub fn read() -> Machine {
        let list = |path| fs::read_to_string(path).map_or("0".to_string(), |text| text.trim().to_string());
        Machine {
            cpus: list("/sys/devices/system/cpu/online"),
            nodes: list("/sys/devices/system/node/online"),
        }
    }
}

/// Less memory than this no container can have (docker).
const LEAST_MEMORY: u64 = 6 << 20;

/// Refuse limits that no container of this machine can have.
pub fn check(limits: &Limits, machine: &Machine) -> Result<(), CgroupError> {
    check_memory(limits)?;
    check_processor(limits, machine)?;
    for (flag, list, available) in [
        (flags::CPUSET_CPUS, &limits.cpuset_cpus, &machine.cpus),
        (flags::CPUSET_MEMS, &limits.cpuset_mems, &machine.nodes),
    ] {
        if let Some(list) = list {
            check_list(flag, list, available)?;
        }
    }
    match limits.io_weight {
        Some(weight) if !(10..=1000).contains(&weight) => {
            invalid(flags::IO_WEIGHT, weight, "the weight lies between 10 and 1000")
        }
        _ => Ok(()),
    }
}

fn check_memory(limits: &Limits) -> Result<(), CgroupError> {
    for (flag, bytes) in [(flags::MEMORY, limits.memory), (flags::RESERVATION, limits.memory_reservation)] {
        if let Some(bytes) = bytes.filter(|bytes| *bytes < LEAST_MEMORY) {
            return invalid(flag, bytes, "a container needs at least 6 MiB");
        }
    }
    match (limits.memory_swap, limits.memory) {
        (Some(SwapLimit::Bytes(both)), None) => {
            let why = "it counts memory and swap together, so --memory is needed, too";
            return invalid(flags::SWAP, both, why);
        }
        (Some(SwapLimit::Bytes(both)), Some(memory)) if both < memory => {
            let why = "it counts memory and swap together, so it cannot be less than --memory";
            return invalid(flags::SWAP, both, why);
        }
        _ => {}
    }
    if let (Some(reservation), Some(memory)) = (limits.memory_reservation, limits.memory)
        && reservation > memory
    {
        return invalid(flags::RESERVATION, reservation, "it cannot be more than --memory");
    }
    match limits.memory_swappiness {
        Some(percent) if percent > 100 => invalid(flags::SWAPPINESS, percent, "it lies between 0 and 100"),
        _ => Ok(()),
    }
}

fn check_processor(limits: &Limits, machine: &Machine) -> Result<(), CgroupError> {
    if let Some(nano_cpus) = limits.nano_cpus {
        let count = parse_list(&machine.cpus).map_or(1, |cpus| cpus.len() as u64).max(1);
        if !(10_000_000..=count * 1_000_000_000).contains(&nano_cpus) {
            let why = format!("it lies between 0.01 and {count}, the number of CPUs of this machine");
            return invalid(flags::CPUS, nano_cpus as f64 / 1e9, &why);
        }
        if limits.cpu_period.or(limits.cpu_quota).is_some() {
            let why = "it decides period and quota, so --cpu-period and --cpu-quota cannot be given, too";
            return invalid(flags::CPUS, nano_cpus as f64 / 1e9, why);
        }
    }
    if let Some(period) = limits.cpu_period.filter(|period| !(1_000..=1_000_000).contains(period)) {
        return invalid(flags::PERIOD, period, "it lies between 1000 and 1000000 microseconds");
    }
    if let Some(quota) = limits.cpu_quota.filter(|quota| *quota < 1_000) {
        return invalid(flags::QUOTA, quota, "it is at least 1000 microseconds");
    }
    match limits.cpu_shares {
        Some(shares) if !(2..=262_144).contains(&shares) => {
            invalid(flags::SHARES, shares, "they lie between 2 and 262144")
        }
        _ => Ok(()),
    }
}

fn check_list(flag: Flag, list: &str, available: &str) -> Result<(), CgroupError> {
    let Some(wanted) = parse_list(list) else {
        return invalid(flag, list, "it is a list of numbers and ranges, as 0-3,6");
    };
    let there = parse_list(available).unwrap_or_default();
    match wanted.iter().find(|number| !there.contains(number)) {
        Some(number) => invalid(flag, list, &format!("{number} is not there; this machine has {available}")),
        None => Ok(()),
    }
}

/// No machine has so many processors or nodes.
const HIGHEST: u32 = 1 << 13;

/// The numbers of a list as `0-3,6`; none is no list.
fn parse_list(list: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in list.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        if first > last || last > HIGHEST {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn invalid(flag: Flag, value: impl std::fmt::Display, why: &str) -> Result<(), CgroupError> {
    Err(CgroupError::Invalid { asked: format!("{} {value}", flag.name), why: why.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Limits)) -> Option<String> {
        let machine = Machine { cpus: "0-1,3".into(), nodes: "0".into() };
        let mut limits = Limits { memory: Some(64 << 20), ..Limits::default() };
        change(&mut limits);
        check(&limits, &machine).err().map(|error| error.to_string())
    }

    #[test]
    fn what_no_container_can_have_is_refused_with_flag_and_value() {
        for (change, said) in [
            ((|limits| limits.memory = Some(4 << 20)) as fn(&mut Limits), "--memory 4194304: "),
            (|limits| limits.memory_reservation = Some(1), "--memory-reservation 1: "),
            (|limits| limits.memory_reservation = Some(65 << 20), "--memory-reservation 68157440: "),
            (|limits| limits.memory_swap = Some(SwapLimit::Bytes(1 << 20)), "--memory-swap 1048576: "),
            (|limits| limits.memory_swappiness = Some(101), "--memory-swappiness 101: "),
            (|limits| limits.nano_cpus = Some(3_500_000_000), "--cpus 3.5: it lies between 0.01 and 3,"),
            (|limits| limits.nano_cpus = Some(1), "--cpus 0.000000001: "),
            (|limits| limits.cpu_period = Some(999), "--cpu-period 999: "),
            (|limits| limits.cpu_quota = Some(10), "--cpu-quota 10: "),
            (|limits| limits.cpu_shares = Some(1), "--cpu-shares 1: "),
            (|limits| limits.cpuset_cpus = Some("0,2".into()), "--cpuset-cpus 0,2: 2 is not there"),
            (|limits| limits.cpuset_cpus = Some("1-0".into()), "--cpuset-cpus 1-0: it is a list"),
            (|limits| limits.cpuset_cpus = Some("0-4294967295".into()), "--cpuset-cpus 0-4294967295: "),
            (|limits| limits.cpuset_mems = Some("x".into()), "--cpuset-mems x: it is a list"),
            (|limits| limits.io_weight = Some(9), "--blkio-weight 9: "),
        ] {
            let refusal = refusal(change).unwrap_or_else(|| panic!("{said} was accepted"));
            assert!(refusal.starts_with(said), "{refusal}");
        }
        let both = |limits: &mut Limits| {
            limits.nano_cpus = Some(1_000_000_000);
            limits.cpu_quota = Some(50_000);
        };
        assert!(refusal(both).unwrap().contains("cannot be given, too"));
        let swap_alone = |limits: &mut Limits| {
            (limits.memory, limits.memory_swap) = (None, Some(SwapLimit::Bytes(1 << 30)));
        };
        assert!(refusal(swap_alone).unwrap().contains("--memory is needed"));
    }

    #[test]
    fn what_is_possible_is_accepted() {
        for change in [
            (|_| {}) as fn(&mut Limits),
            |limits| *limits = Limits::default(),
            |limits| limits.memory_swap = Some(SwapLimit::Unlimited),
            |limits| limits.memory_swap = Some(SwapLimit::Bytes(64 << 20)),
            |limits| limits.nano_cpus = Some(10_000_000),
            |limits| limits.cpuset_cpus = Some("0-1,3".into()),
            |limits| limits.cpuset_mems = Some("0".into()),
            |limits| (limits.cpu_period, limits.cpu_quota) = (Some(1_000_000), Some(2_000_000)),
            |limits| limits.pids = Some(1),
        ] {
            assert_eq!(refusal(change), None);
        }
    }
}
