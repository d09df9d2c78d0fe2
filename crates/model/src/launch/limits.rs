//! What a container may use of the machine.

/// Limits of a container's control group. `None` and zero values of docker mean: no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Memory and swap together; `None`: twice the memory, as docker.
    pub memory_swap: Option<SwapLimit>,
    /// Bytes of memory that are reclaimed last when the machine is short of it.
    pub memory_reservation: Option<u64>,
    /// How eagerly it is swapped out, 0 to 100 (version 1 only).
    pub memory_swappiness: Option<u8>,
    /// The kernel pauses it instead of killing when the limit is reached (version 1 only).
    pub oom_kill_disable: bool,
    /// Processor time in billionths of a processor (`--cpus 1.5` is 1,500,000,000).
    pub nano_cpus: Option<u64>,
    /// Length of a period in microseconds (`--cpu-period`).
    pub cpu_period: Option<u64>,
    /// Microseconds in each period (`--cpu-quota`).
    pub cpu_quota: Option<u64>,
    /// Weight against others, 2 to 262144; 1024 is usual.
    pub cpu_shares: Option<u64>,
    /// Processors it may run on, as `0-3,5`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes it may use.
    pub cpuset_mems: Option<String>,
    /// Processes and threads.
    pub pids: Option<u64>,
    /// Weight of its block input and output against others, 10 to 1000.
    pub io_weight: Option<u16>,
    /// Bounds on single devices.
    pub io_rates: Vec<DeviceRate>,
}

impl Limits {
    /// Nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Limits::default()
    }
}

/// Memory and swap together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapLimit {
    /// As much swap as there is (`-1`).
    Unlimited,
    /// So many bytes together with memory.
    Bytes(u64),
}

/// A bound on what passes to or from one block device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRate {
    /// The device on the host.
    pub device: std::path::PathBuf,
    /// What is counted.
    pub kind: RateKind,
    /// How much of it in a second.
    pub rate: u64,
}

/// What a [`DeviceRate`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateKind {
    /// Bytes read.
    ReadBytes,
    /// Bytes written.
    WriteBytes,
    /// Read operations.
    ReadOperations,
    /// Write operations.
    WriteOperations,
}

/// A resource limit of the process (setrlimit(2)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ulimit {
    /// docker's name of the resource: `nofile`, `core`.
    pub name: String,
    /// What counts; `None`: no limit.
    pub soft: Option<u64>,
    /// How far the process may raise it; `None`: no limit.
    pub hard: Option<u64>,
}
