//! docker's flags for limits, with what they limit.

use plimsoll_model::launch::RateKind;

use super::setting::Flag;

pub const MEMORY: Flag = Flag::new("--memory", "memory limit");
pub const SWAP: Flag = Flag::new("--memory-swap", "swap limit");
pub const RESERVATION: Flag = Flag::new("--memory-reservation", "memory reservation");
pub const SWAPPINESS: Flag = Flag::new("--memory-swappiness", "memory swappiness");
pub const OOM_KILL: Flag = Flag::new("--oom-kill-disable", "wish for no kill when memory is short");
pub const CPUS: Flag = Flag::new("--cpus", "CPU limit");
pub const PERIOD: Flag = Flag::new("--cpu-period", "CPU period");
pub const QUOTA: Flag = Flag::new("--cpu-quota", "CPU quota");
pub const SHARES: Flag = Flag::new("--cpu-shares", "weight of CPU shares");
pub const CPUSET_CPUS: Flag = Flag::new("--cpuset-cpus", "list of CPUs");
pub const CPUSET_MEMS: Flag = Flag::new("--cpuset-mems", "list of memory nodes");
pub const PIDS: Flag = Flag::new("--pids-limit", "limit of processes");
pub const IO_WEIGHT: Flag = Flag::new("--blkio-weight", "weight of block I/O");

/// The flag for a bound on a device.
pub fn of_rate(kind: RateKind) -> Flag {
    match kind {
        RateKind::ReadBytes => Flag::new("--device-read-bps", "bound on bytes read from a device"),
        RateKind::WriteBytes => Flag::new("--device-write-bps", "bound on bytes written to a device"),
        RateKind::ReadOperations => Flag::new("--device-read-iops", "bound on reads from a device"),
        RateKind::WriteOperations => Flag::new("--device-write-iops", "bound on writes to a device"),
    }
}
