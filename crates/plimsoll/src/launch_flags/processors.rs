//! Limits of processor time, by docker's rules.

use clap::Args;
use plimsoll_model::launch::Limits;

/// Processors.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub struct ProcessorFlags {
    /// Most processors it may use, as 1.5.
    #[arg(long, value_name = "DECIMAL", value_parser = nano_cpus)]
    cpus: Option<u64>,
    /// Processors it may run on, as 0-3 or 0,1.
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    cpuset_cpus: Option<String>,
    /// Memory nodes it may use, as 0-3 or 0,1.
    #[arg(long, value_name = "LIST", value_parser = numbers)]
    cpuset_mems: Option<String>,
    /// Weight of its processor time against others; 1024 is usual.
    #[arg(short, long, value_name = "WEIGHT")]
    cpu_shares: Option<u64>,
    /// Length of a period of --cpu-quota in microseconds.
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_period: Option<u64>,
    /// Processor time in each period in microseconds; -1: no limit.
    #[arg(long, value_name = "MICROSECONDS")]
    cpu_quota: Option<i64>,
}

/// A billion to a processor.
const NANO: u64 = 1_000_000_000;
/// The kernel takes no quota below 1 ms of a period of 100 ms.
const LEAST: u64 = NANO / 100;

impl ProcessorFlags {
    /// Check the values against each other and the machine's processors, and set them.
    pub fn limit(&self, machine: u32, limits: &mut Limits) -> Result<(), String> {
        limits.nano_cpus = self.cpus.filter(|nano| *nano > 0);
        limits.cpu_period = self.cpu_period.filter(|period| *period > 0);
        limits.cpu_quota =
            self.cpu_quota.and_then(|quota| u64::try_from(quota).ok()).filter(|quota| *quota > 0);
        let range = LEAST..=u64::from(machine) * NANO;
        if limits.nano_cpus.is_some_and(|nano| !range.contains(&nano)) {
            return Err(format!(
                "the range of CPUs is from 0.01 to {machine}.00, as there are only {machine} CPUs available"
            ));
        }
        for (flag, set) in [("--cpu-period", limits.cpu_period), ("--cpu-quota", limits.cpu_quota)] {
            if limits.nano_cpus.is_some() && set.is_some() {
                return Err(format!("--cpus and {flag} both say how much processor time: give one of them"));
            }
        }
        if limits.cpu_period.is_some_and(|period| !(1_000..=1_000_000).contains(&period)) {
            return Err("--cpu-period is not within 1000 to 1000000 (1 ms to 1 s)".into());
        }
        if limits.cpu_quota.is_some_and(|quota| quota < 1_000) {
            return Err("--cpu-quota is below 1000 (1 ms)".into());
        }
        // What is outside this range the kernel brings into it, so docker takes any number.
        limits.cpu_shares =
            self.cpu_shares.filter(|shares| *shares > 0).map(|shares| shares.clamp(2, 262_144));
        limits.cpuset_cpus = self.cpuset_cpus.clone().filter(|list| !list.is_empty());
        limits.cpuset_mems = self.cpuset_mems.clone().filter(|list| !list.is_empty());
        Ok(())
    }
}

/// A decimal of processors in billionths.
pub fn nano_cpus(text: &str) -> Result<u64, String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{fraction}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a number of processors such as 1.5 was expected".into());
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 9 {
        return Err("it is too precise: at most 9 digits after the point".into());
    }
    format!("{whole}{fraction:0<9}").parse().map_err(|_| "there are not so many processors".into())
}

/// `0-3,5` (the kernel's list format); kept as written.
pub fn numbers(text: &str) -> Result<String, String> {
    let number = |part: &str| {
        part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u16>().ok()).flatten()
    };
    let good = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    };
    match text.is_empty() || text.split(',').all(good) {
        true => Ok(text.to_string()),
        false => Err("a list such as 0-3,5 was expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limit(flags: &ProcessorFlags) -> Result<Limits, String> {
        let mut limits = Limits::default();
        flags.limit(2, &mut limits).map(|()| limits)
    }

    #[test]
    fn decimals() {
        for (text, nano) in [
            ("1.5", 1_500_000_000),
            ("0", 0),
            (".5", 500_000_000),
            ("2.", 2 * NANO),
            ("0.1000000000", 100_000_000),
        ] {
            assert_eq!(nano_cpus(text), Ok(nano), "{text}");
        }
        assert!(nano_cpus("0.1234567891").unwrap_err().contains("9 digits"));
        for bad in ["", ".", "x", "-1", "1/2", "1e1", "+1", "1.5.5", "99999999999999999999"] {
            assert!(nano_cpus(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_machine_has_so_many() {
        let cpus = |cpus| limit(&ProcessorFlags { cpus: Some(cpus), ..ProcessorFlags::default() });
        assert_eq!((cpus(0).unwrap().nano_cpus, cpus(2 * NANO).unwrap().nano_cpus), (None, Some(2 * NANO)));
        for bad in [LEAST - 1, 2 * NANO + 1] {
            assert!(cpus(bad).unwrap_err().contains("range of CPUs is from 0.01 to 2.00"), "{bad}");
        }
    }

    #[test]
    fn periods_and_quotas() {
        let with = |cpus, cpu_period, cpu_quota| {
            limit(&ProcessorFlags { cpus, cpu_period, cpu_quota, ..ProcessorFlags::default() })
        };
        let limits = with(None, Some(50_000), Some(25_000)).unwrap();
        assert_eq!((limits.cpu_period, limits.cpu_quota), (Some(50_000), Some(25_000)));
        assert!(with(None, Some(0), Some(-1)).unwrap().is_empty());
        assert!(with(Some(NANO), Some(50_000), None).unwrap_err().contains("--cpu-period"));
        assert!(with(Some(NANO), None, Some(50_000)).unwrap_err().contains("--cpu-quota"));
        for (period, quota) in [(Some(999), None), (Some(1_000_001), None), (None, Some(999))] {
            assert!(with(None, period, quota).is_err());
        }
    }

    #[test]
    fn weights_and_lists() {
        let shares = |shares| {
            limit(&ProcessorFlags { cpu_shares: Some(shares), ..ProcessorFlags::default() })
                .unwrap()
                .cpu_shares
        };
        assert_eq!(
            [shares(0), shares(1), shares(512), shares(1 << 30)],
            [None, Some(2), Some(512), Some(262_144)]
        );
        for good in ["", "0", "0-3", "0,2-4,7"] {
            assert_eq!(numbers(good), Ok(good.to_string()));
        }
        for bad in ["x", "0-", "-1", "1-0", "0,,1", "0,", "99999", "+1"] {
            assert!(numbers(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_decimal_prints_back(nano in 0u64..1_000_000_000_000, text in ".{0,8}") {
            prop_assert_eq!(nano_cpus(&format!("{}.{:09}", nano / NANO, nano % NANO)), Ok(nano));
            let _ = (nano_cpus(&text), numbers(&text));
        }
    }
}
