//! What a container may use of the machine.

use clap::Args;
use plimsoll_model::launch::Limits;

use super::block_io::BlockIoFlags;
use super::memory::MemoryFlags;
use super::processors::ProcessorFlags;

/// Limits of its control group.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitFlags {
    #[command(flatten)]
    pub memory: MemoryFlags,
    #[command(flatten)]
    processors: ProcessorFlags,
    #[command(flatten)]
    block_io: BlockIoFlags,
    /// Most processes and threads; -1: no limit.
    #[arg(long, value_name = "NUMBER")]
    pids_limit: Option<i64>,
}

impl LimitFlags {
    /// All limits, on a machine with so many processors.
    pub fn limits(&self, machine: u32) -> Result<Limits, String> {
        let mut limits = Limits {
            pids: self.pids_limit.and_then(|number| u64::try_from(number).ok()).filter(|number| *number > 0),
            ..Limits::default()
        };
        self.memory.limit(&mut limits)?;
        self.processors.limit(machine, &mut limits)?;
        self.block_io.limit(&mut limits)?;
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes() {
        let pids = |pids_limit| LimitFlags { pids_limit, ..LimitFlags::default() }.limits(1).unwrap().pids;
        assert_eq!([pids(None), pids(Some(-1)), pids(Some(0)), pids(Some(7))], [None, None, None, Some(7)]);
        assert!(LimitFlags::default().limits(1).unwrap().is_empty());
    }
}
