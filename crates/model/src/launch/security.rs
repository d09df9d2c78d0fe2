//! What a process may do, and what it shares with others.

use std::path::PathBuf;

/// What the process may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// The root file system cannot be written.
    pub read_only_root: bool,
    /// Capabilities kept (bounding, permitted, effective for uid 0), by name without `CAP_`.
    pub capabilities: Vec<String>,
    /// Set no_new_privs.
    pub no_new_privileges: bool,
    /// System call filter.
    pub seccomp: Seccomp,
    /// Who answers calls about ids and owners.
    pub id_calls: IdCalls,
    /// The kernel's own files show everything and can be written (`systempaths=unconfined`).
    pub bare_kernel_files: bool,
    /// Nothing is held back: all capabilities, devices and kernel files, no filter (`--privileged`).
    pub privileged: bool,
}

/// Who answers a process that changes its ids or owners of files, makes device nodes, or asks for any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdCalls {
    /// The kernel: ids that do not exist in the container are refused.
    Kernel,
    /// With one mapped id, whoever launched the process: every id exists, owners and devices are recorded.
    Recorded,
}

/// The system call filter of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seccomp {
    /// Docker's default profile, the kubelet's RuntimeDefault.
    Default,
    /// No filter.
    Unconfined,
    /// A profile in docker's JSON form, as text.
    Profile(String),
}

/// Docker's default capabilities without NET_RAW (as podman; docker keeps NET_RAW).
pub const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Kernel settings of the namespace of shared memory, beside `fs.mqueue.*` (runc, `libcontainer/configs/validate`;
/// docker, `opts.ValidateSysctl`).
pub const IPC_SYSCTLS: [&str; 8] = [
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

/// Every capability of Linux 6.x in the order of its number (`include/uapi/linux/capability.h`).
pub const ALL_CAPABILITIES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

impl Default for Security {
    /// What docker gives: default capabilities and filter, writable root.
    fn default() -> Self {
        Security {
            read_only_root: false,
            capabilities: DEFAULT_CAPABILITIES.map(str::to_string).to_vec(),
            no_new_privileges: false,
            seccomp: Seccomp::Default,
            id_calls: IdCalls::Kernel,
            bare_kernel_files: false,
            privileged: false,
        }
    }
}

/// A device of the host (`--device HOST[:CONTAINER[:rwm]]`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// The node on the host.
    pub host: PathBuf,
    /// Where it is inside.
    pub container: String,
    /// What may be done with it: letters of `rwm`.
    pub access: String,
}

/// Namespaces that need not be the container's own. The network has its own type, mounts are always own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sharing {
    /// Processes.
    pub pid: Share,
    /// Shared memory, semaphores, message queues.
    pub ipc: Share,
    /// Host name.
    pub uts: Share,
    /// The view of control groups.
    pub cgroup: Share,
    /// Ids: `Host` refuses a user namespace even where one could be made.
    pub user: Share,
}

/// Whose namespace a process is in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Share {
    /// Its own.
    #[default]
    Own,
    /// The host's.
    Host,
    /// Another container's, by id.
    Container(String),
}
