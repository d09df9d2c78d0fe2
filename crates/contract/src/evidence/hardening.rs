//! Restrictions tried, and what had to be given back.

use super::Verdict;

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
    /// The `plimsoll run` command line that repeats it.
    pub command: String,
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
}

/// Something that had to be given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
}
