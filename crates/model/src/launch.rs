//! Exactly one process, fully decided: the bridge between the wings. `docker run` flags, an image's
//! configuration, a pod spec and an experiment all become one [`LaunchSpec`].

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::port::PortSpec;
use crate::signal::Signal;

/// One process to start in a sandbox. Nothing in it is left to be looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct LaunchSpec {
    /// Program and arguments; never empty. A program without `/` is searched in `PATH` of `env`.
    pub argv: Vec<String>,
    /// The whole environment, in order, names unique.
    pub env: Vec<(String, String)>,
    /// The process' ids.
    pub user: ProcessUser,
    /// Working directory inside the container; created if missing.
    pub workdir: String,
    /// Host name inside the container.
    pub hostname: String,
    /// How the process is asked to stop.
    pub stop: StopRule,
    /// Give the process a pseudo-terminal.
    pub terminal: bool,
    /// Start a small init as PID 1 that reaps zombies and forwards signals.
    pub init: bool,
    /// Mounts on top of the root file system, in order.
    pub mounts: Vec<Mount>,
    /// Network.
    pub network: Network,
    /// Published ports.
    pub publish: Vec<Publish>,
    /// What the process may do.
    pub security: Security,
}

/// Numeric ids with what was looked up beside them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessUser {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// Supplementary groups, `gid` not among them.
    pub extra_groups: Vec<u32>,
    /// Home directory; becomes `HOME` when the environment has none.
    pub home: String,
    /// Account name, if the image knows the uid.
    pub name: Option<String>,
}

impl ProcessUser {
    /// uid 0, gid 0, no other groups.
    pub fn root() -> Self {
        ProcessUser {
            uid: 0,
            gid: 0,
            extra_groups: Vec::new(),
            home: "/root".into(),
            name: Some("root".into()),
        }
    }
}

/// How a process is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopRule {
    /// The signal sent first.
    pub signal: Signal,
    /// Time until SIGKILL.
    pub grace: Duration,
}

impl Default for StopRule {
    /// SIGTERM and 10 s, as docker.
    fn default() -> Self {
        StopRule { signal: Signal::TERM, grace: Duration::from_secs(10) }
    }
}

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// What is mounted.
    pub source: MountSource,
    /// Absolute clean path inside the container; created if missing.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What a mount shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A file or directory of the host.
    Bind(PathBuf),
    /// A fresh tmpfs with a size limit in bytes and a mode (docker: unlimited, 1777).
    Tmpfs {
        /// Size limit.
        size: Option<u64>,
        /// Mode of its root.
        mode: u32,
    },
}

/// Which network the process sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Its own, with nothing but loopback.
    None,
    /// The host's.
    Host,
    /// Its own, with published ports forwarded from the host; outgoing traffic only where the
    /// machine allows it.
    Private,
}

/// `-p [IP:]HOST:CONTAINER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish {
    /// Host address; `0.0.0.0` when not written.
    pub host_ip: IpAddr,
    /// Host port; `None` lets the kernel choose.
    pub host_port: Option<u16>,
    /// The container's port.
    pub container: PortSpec,
}

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
}

/// The system call filter of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seccomp {
    /// Docker's default profile, the kubelet's RuntimeDefault.
    Default,
    /// No filter.
    Unconfined,
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
        }
    }
}
