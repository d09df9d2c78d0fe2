//! Restrictions tried, and what had to be given back.

use super::Verdict;

/// The joint search for the strictest way the program still works.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hardening {
    /// User and group of the strictest way that works; `None`: no way was found.
    pub user: Option<(u32, u32)>,
    /// All that had to be given back in it, each confirmed by a repeat.
    pub relaxations: Vec<Relaxation>,
    /// How often the program was started for the search, repeats included.
    pub starts: u32,
    /// Addresses outside of the container that it tried to send to, as `10.0.0.5:5432`.
    pub sent_to: Vec<String>,
    /// The system calls it used, if they were recorded.
    pub seccomp: Option<RecordedCalls>,
}

/// System calls seen from its start to its end, and whether it works with these alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCalls {
    /// Their names, sorted.
    pub calls: Vec<String>,
    /// Those that came between the filter and the program, by plimsoll itself.
    pub launch: Vec<String>,
    /// Programs of the machine's other architecture (32 bits) were among them.
    pub foreign: bool,
    /// It worked under a profile of these calls.
    pub verdict: Verdict,
}

/// Rule for a memory limit: twice the peak in bytes, in steps of 16 MiB, at least 64 MiB.
pub fn memory_limit(peak: u64) -> u64 {
    const STEP: u64 = 16 << 20;
    (peak.saturating_mul(2).div_ceil(STEP).saturating_mul(STEP)).max(64 << 20)
}

/// A restriction tried.
#[derive(Debug, Clone, PartialEq)]
pub struct RungRecord {
    /// Stable id such as `rung-read-only`.
    pub id: String,
    /// Which restriction.
    pub rung: Rung,
    /// Held or broke.
    pub verdict: Verdict,
    /// What was seen, one phrase ("started, served, stopped").
    pub fact: String,
    /// What had to be given besides (writable mounts, capabilities) for it to hold.
    pub relaxations: Vec<Relaxation>,
    /// What the kernel refused because of this restriction while it had to hold by itself.
    pub refused: Vec<Refused>,
    /// The `plimsoll run` command line that repeats it.
    pub command: String,
}

/// A call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Name of the system call.
    pub call: String,
    /// What it was about: a path, an id, a port; empty if nothing could be named.
    pub subject: String,
    /// The error in words.
    pub why: String,
    /// Path of the program that asked.
    pub program: String,
}

/// A restriction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rung {
    /// Not uid 0: as this uid and gid.
    NonRoot {
        /// User id tried.
        uid: u32,
        /// Group id tried.
        gid: u32,
    },
    /// Read-only root file system.
    ReadOnlyRoot,
    /// No capability at all.
    DropAllCapabilities,
    /// no_new_privs.
    NoNewPrivileges,
    /// All of the above together, as the generated manifest has them.
    AllTogether,
    /// A uid that the image knows nothing of, in group 0, as OpenShift gives.
    ArbitraryUser {
        /// User id tried.
        uid: u32,
    },
    /// docker's default seccomp profile, the kubelet's RuntimeDefault.
    DefaultSeccomp,
    /// Ports below 1024 are not everybody's, as with containerd before 2.0.
    LowPorts,
    /// The home directory cannot be written.
    HomeNotWritable,
    /// No network but loopback.
    NoEgress,
    /// So many bytes of memory.
    MemoryLimit {
        /// The limit.
        bytes: u64,
    },
    /// So many processes and threads.
    PidsLimit {
        /// The limit.
        count: u64,
    },
}

/// Something that had to be given back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relaxation {
    /// A writable empty directory at this path.
    WritableMount(String),
    /// This capability.
    Capability(String),
    /// Root after all.
    RunAsRoot,
    /// A writable root file system after all.
    WritableRoot,
    /// Privilege escalation after all.
    PrivilegeEscalation,
    /// Ports below 1024 for everybody (`net.ipv4.ip_unprivileged_port_start=0`).
    LowPorts,
    /// Another home directory, which can be written (`HOME`).
    Home(String),
}
