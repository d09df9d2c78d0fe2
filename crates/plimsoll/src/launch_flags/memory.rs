//! Limits of memory, by docker's rules (moby, daemon/daemon_unix.go verifyPlatformContainerResources).

use clap::Args;
use plimsoll_model::launch::{Limits, SwapLimit};
use plimsoll_model::quantity::parse_bytes;

/// Memory.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub struct MemoryFlags {
    /// Most memory, as 512m or 1.5g; at least 6m.
    #[arg(short, long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<u64>,
    /// Most memory and swap together; -1: as much swap as there is.
    #[arg(long, value_name = "BYTES", value_parser = swap)]
    memory_swap: Option<SwapLimit>,
    /// Memory that is left to it when the machine is short of it.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory_reservation: Option<u64>,
    /// How eagerly it is swapped out, 0 to 100; -1: as the machine does.
    #[arg(long, value_name = "NUMBER")]
    memory_swappiness: Option<i64>,
    /// Pause it instead of killing a process when its memory is used up.
    #[arg(long)]
    oom_kill_disable: bool,
    /// How soon the kernel kills it when the machine is short of memory, -1000 to 1000.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(-1000..=1000))]
    pub oom_score_adj: Option<i32>,
    /// Size of /dev/shm; 64m if not given.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    shm_size: Option<u64>,
    /// Given up by docker and by the kernel: without effect.
    #[arg(long, value_name = "BYTES", value_parser = bytes, hide = true)]
    kernel_memory: Option<u64>,
}

/// Below this no runtime gets a process started.
const LEAST: u64 = 6 << 20;

impl MemoryFlags {
    /// Check the values against each other, and set them.
    pub fn limit(&self, limits: &mut Limits) -> Result<(), String> {
        let memory = self.memory.filter(|bytes| *bytes > 0);
        let reservation = self.memory_reservation.filter(|bytes| *bytes > 0);
        let swap = self.memory_swap.filter(|swap| *swap != SwapLimit::Bytes(0));
        for (flag, bytes) in [("--memory", memory), ("--memory-reservation", reservation)] {
            if bytes.is_some_and(|bytes| bytes < LEAST) {
                return Err(format!("{flag} is below 6MB, the least memory a container can have"));
            }
        }
        match (memory, swap) {
            (None, Some(SwapLimit::Bytes(_))) => {
                return Err("--memory-swap is memory and swap together: it needs --memory beside it".into());
            }
            (Some(memory), Some(SwapLimit::Bytes(both))) if both < memory => {
                return Err(
                    "--memory-swap is smaller than --memory: it is both together, so give at least as much"
                        .into(),
                );
            }
            _ => {}
        }
        if let (Some(memory), Some(reservation)) = (memory, reservation)
            && memory < reservation
        {
            return Err("--memory-reservation is larger than --memory: reserve no more than the limit".into());
        }
        limits.memory = memory;
        limits.memory_swap = swap;
        limits.memory_reservation = reservation;
        limits.memory_swappiness = self.swappiness()?;
        limits.oom_kill_disable = self.oom_kill_disable;
        Ok(())
    }

    fn swappiness(&self) -> Result<Option<u8>, String> {
        match self.memory_swappiness {
            None | Some(-1) => Ok(None),
            Some(number) => match u8::try_from(number) {
                Ok(number) if number <= 100 => Ok(Some(number)),
                _ => Err(format!("--memory-swappiness {number} is not within 0 to 100")),
            },
        }
    }

    /// Size of `/dev/shm`, if it was asked for.
    pub fn shm_size(&self) -> Option<u64> {
        self.shm_size.filter(|bytes| *bytes > 0)
    }

    /// What docker warns of.
    pub fn warnings(&self) -> Vec<String> {
        let endless = self.oom_kill_disable && self.memory.is_none_or(|bytes| bytes == 0);
        let said = [
            (endless, "--oom-kill-disable without --memory: the machine itself may run out of memory"),
            (
                self.kernel_memory.is_some(),
                "--kernel-memory is deprecated and without effect: the kernel has given it up",
            ),
        ];
        said.into_iter().filter(|(so, _)| *so).map(|(_, why)| why.to_string()).collect()
    }
}

/// A size of memory.
pub fn bytes(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "a size such as 64m or 1.5g was expected".to_string())
}

/// Memory and swap together.
pub fn swap(text: &str) -> Result<SwapLimit, String> {
    match text {
        "-1" => Ok(SwapLimit::Unlimited),
        text => bytes(text).map(SwapLimit::Bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn limit(flags: &MemoryFlags) -> Result<Limits, String> {
        let mut limits = Limits::default();
        flags.limit(&mut limits).map(|()| limits)
    }

    #[test]
    fn sizes() {
        assert_eq!((bytes("64M"), bytes("1.5g"), bytes("0")), (Ok(64 * MB), Ok(1536 * MB), Ok(0)));
        assert_eq!((swap("-1"), swap("1k")), (Ok(SwapLimit::Unlimited), Ok(SwapLimit::Bytes(1024))));
        for bad in ["", "x", "-1", "5x", "1e3"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
        assert!(swap("-2").is_err());
    }

    #[test]
    fn dockers_minimum_and_rules() {
        let with = |memory: u64, swap: Option<u64>, reservation: u64| {
            limit(&MemoryFlags {
                memory: Some(memory),
                memory_swap: swap.map(SwapLimit::Bytes),
                memory_reservation: Some(reservation),
                ..MemoryFlags::default()
            })
        };
        assert_eq!(with(0, Some(0), 0), Ok(Limits::default()));
        assert_eq!(with(6 * MB, Some(6 * MB), 6 * MB).unwrap().memory, Some(6 * MB));
        assert!(with(6 * MB - 1, None, 0).unwrap_err().contains("6MB"));
        assert!(with(0, None, 5 * MB).unwrap_err().contains("--memory-reservation"));
        assert!(with(0, Some(10 * MB), 0).unwrap_err().contains("needs --memory"));
        assert!(with(10 * MB, Some(9 * MB), 0).unwrap_err().contains("smaller"));
        assert!(with(10 * MB, None, 20 * MB).unwrap_err().contains("larger"));
        let endless = MemoryFlags { memory_swap: Some(SwapLimit::Unlimited), ..MemoryFlags::default() };
        assert_eq!(limit(&endless).unwrap().memory_swap, Some(SwapLimit::Unlimited));
    }

    #[test]
    fn swappiness_and_warnings() {
        let swappiness = |number| {
            limit(&MemoryFlags { memory_swappiness: Some(number), ..MemoryFlags::default() })
                .map(|limits| limits.memory_swappiness)
        };
        assert_eq!((swappiness(-1), swappiness(0), swappiness(100)), (Ok(None), Ok(Some(0)), Ok(Some(100))));
        assert!(swappiness(101).is_err() && swappiness(-2).is_err() && swappiness(300).is_err());
        let flags = MemoryFlags { oom_kill_disable: true, kernel_memory: Some(1), ..MemoryFlags::default() };
        assert_eq!(flags.warnings().len(), 2);
        assert_eq!(MemoryFlags { memory: Some(6 * MB), kernel_memory: None, ..flags }.warnings(), [""; 0]);
    }
}
