//! The steps a sandbox is made of.

use std::fmt;

use plimsoll_model::launch::{ALL_CAPABILITIES, Mount, MountSource};
use plimsoll_model::quantity::human_bytes;

use crate::rootfs::RootFs;

/// A kind of thing a container has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// Ids and capabilities.
    User,
    /// Mounts.
    Mount,
    /// Processes.
    Pid,
    /// Shared memory, semaphores and message queues.
    Ipc,
    /// Host name.
    Uts,
    /// Network interfaces, ports.
    Network,
    /// The view of control groups.
    Cgroup,
}

impl Namespace {
    /// All of them.
    pub const ALL: [Namespace; 7] = [
        Namespace::User,
        Namespace::Mount,
        Namespace::Pid,
        Namespace::Ipc,
        Namespace::Uts,
        Namespace::Network,
        Namespace::Cgroup,
    ];

    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Namespace::User => "user ids",
            Namespace::Mount => "mounts",
            Namespace::Pid => "processes",
            Namespace::Ipc => "shared memory",
            Namespace::Uts => "host name",
            Namespace::Network => "network",
            Namespace::Cgroup => "control groups",
        }
    }

    /// The name of its link in `/proc/PID/ns`.
    pub fn link(self) -> &'static str {
        match self {
            Namespace::User => "user",
            Namespace::Mount => "mnt",
            Namespace::Pid => "pid",
            Namespace::Ipc => "ipc",
            Namespace::Uts => "uts",
            Namespace::Network => "net",
            Namespace::Cgroup => "cgroup",
        }
    }
}

/// Paths that are hidden because they tell about or reach the host. Docker's list (moby,
/// `oci/defaults.go`) and what leaks through it: page counts and the address of the crash notes.
pub const MASKED_PATHS: [&str; 16] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/kpagecgroup",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/kernel/vmcoreinfo",
];

/// Paths of a writable `/proc` that are made read-only (moby, `oci/defaults.go`).
pub const READ_ONLY_PATHS: [&str; 5] =
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// One thing that is done. Its `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Own session, descriptors 0 to 2, all others closed at exec.
    Session,
    /// A nested user namespace in which exactly one user and group exist.
    MapUser {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// Mounts of the container do not show outside.
    PrivateMounts,
    /// The root file system.
    Root {
        /// Its directories.
        rootfs: RootFs,
        /// Overlay attributes under `user.`, because `trusted.` needs real root.
        user_xattr: bool,
        /// The kernel takes the layers one by one.
        layer_by_layer: bool,
    },
    /// A fresh procfs.
    Proc,
    /// A fresh, read-only sysfs.
    Sys,
    /// The host's `/sys`, read-only.
    HostSys,
    /// A fresh `/dev`.
    Dev,
    /// The harmless devices.
    Devices,
    /// Links in `/dev`.
    DeviceLinks,
    /// Pseudo-terminals of the container's own.
    DevPts {
        /// Owned by group 5.
        tty_group: bool,
    },
    /// POSIX shared memory.
    Shm,
    /// POSIX message queues.
    MessageQueues,
    /// A mount that was asked for.
    Mount {
        /// What and where.
        mount: Mount,
        /// Device nodes in it can be used. Never for real root: there is no list of allowed devices,
        /// and with CAP_MKNOD any disk could be opened.
        devices: bool,
    },
    /// A kernel setting of the container's own network.
    Sysctl {
        /// Path below `/proc/sys`.
        name: &'static str,
        /// What is written.
        value: String,
    },
    /// The loopback interface is switched on.
    Loopback,
    /// A path is hidden.
    Mask(&'static str),
    /// A path is made read-only.
    ReadOnly(&'static str),
    /// The host name is set.
    Hostname(String),
    /// The working directory is found.
    FindWorkdir {
        /// Where.
        path: String,
        /// And made if missing.
        create: bool,
    },
    /// A pseudo-terminal.
    Terminal {
        /// Its owner.
        uid: u32,
        /// It is `/dev/console`, too.
        console: bool,
    },
    /// The root file system cannot be written.
    ReadOnlyRoot,
    /// The root file system becomes `/`, everything else is let go of.
    Pivot,
    /// The working directory is entered.
    EnterWorkdir(String),
    /// Capabilities that can never be had again are dropped.
    BoundCapabilities(u64),
    /// The system call filter.
    Filter {
        /// Capabilities that allow more calls.
        capabilities: u64,
        /// Calls that type into a terminal are refused, since it is the caller's.
        guard_terminal: bool,
    },
    /// User, group, groups.
    Ids {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
        /// Supplementary groups; `None`: cannot be set in a user namespace with one id.
        groups: Option<Vec<u32>>,
    },
    /// Capabilities that are held.
    Capabilities(u64),
    /// no_new_privs.
    NoNewPrivileges,
    /// umask, signals.
    CleanProcess,
    /// The namespaces of a running container are joined.
    Join,
    /// Processes of the container cannot look into this one.
    Hide,
    /// A child becomes a process of the container.
    EnterProcesses,
    /// The program is executed.
    Execute(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Session => {
                f.write_str("start a session of its own, away from the caller's terminal and descriptors")
            }
            Step::MapUser { uid, gid } => {
                write!(f, "make a user namespace in which only user {uid} and group {gid} exist")
            }
            Step::PrivateMounts => f.write_str("keep mounts to itself"),
            Step::Root { rootfs, .. } => {
                let layers = rootfs.lowers.len();
                let plural = if layers == 1 { "layer" } else { "layers" };
                write!(f, "lay {layers} read-only {plural} and one writable over each other as the root")
            }
            Step::Proc => f.write_str("mount proc on /proc: its own processes only"),
            Step::Sys => f.write_str("mount sysfs on /sys, read-only"),
            Step::HostSys => f.write_str("show the host's /sys, read-only"),
            Step::Dev => f.write_str("mount an empty tmpfs on /dev"),
            Step::Devices => f.write_str("show /dev/null, zero, full, random, urandom and tty"),
            Step::DeviceLinks => {
                f.write_str("link /dev/fd, stdin, stdout and stderr to /proc/self/fd, ptmx to pts/ptmx")
            }
            Step::DevPts { .. } => f.write_str("mount pseudo-terminals of its own on /dev/pts"),
            Step::Shm => f.write_str("mount a tmpfs of 64 MiB on /dev/shm"),
            Step::MessageQueues => f.write_str("mount message queues of its own on /dev/mqueue"),
            Step::Mount { mount, .. } => display_mount(mount, f),
            Step::Sysctl { name, value } => write!(f, "set {} to {value}", name.replace('/', ".")),
            Step::Loopback => f.write_str("switch the loopback interface on"),
            Step::Mask(path) => write!(f, "hide {path}"),
            Step::ReadOnly(path) => write!(f, "make {path} read-only"),
            Step::Hostname(name) => write!(f, "set the host name to {name}"),
            Step::FindWorkdir { path, create: true } => {
                write!(f, "find the working directory {path}, make it if it is missing")
            }
            Step::FindWorkdir { path, create: false } => write!(f, "find the working directory {path}"),
            Step::Terminal { console: true, .. } => {
                f.write_str("open a terminal of its own, also as /dev/console")
            }
            Step::Terminal { console: false, .. } => f.write_str("open a terminal of its own"),
            Step::ReadOnlyRoot => f.write_str("make the root file system read-only"),
            Step::Pivot => f.write_str("make it the root and let go of the host's files"),
            Step::EnterWorkdir(path) => write!(f, "change to {path}"),
            Step::BoundCapabilities(bits) => {
                write!(f, "give up for ever all capabilities but {}", capability_names(*bits))
            }
            Step::Filter { .. } => {
                f.write_str("filter system calls by Docker's default profile (the kubelet's RuntimeDefault)")
            }
            Step::Ids { uid, gid, groups } => display_ids(*uid, *gid, groups.as_deref(), f),
            Step::Capabilities(bits) => write!(f, "hold these capabilities: {}", capability_names(*bits)),
            Step::NoNewPrivileges => f.write_str("let no executed program gain rights (no_new_privs)"),
            Step::CleanProcess => f.write_str("set umask 022, default signals, none blocked"),
            Step::Join => f.write_str("join the namespaces of the container"),
            Step::Hide => f.write_str("let no process of the container look into this one"),
            Step::EnterProcesses => f.write_str("become a process of the container"),
            Step::Execute(words) => write!(f, "execute {words}"),
        }
    }
}

fn display_mount(mount: &Mount, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let read_only = if mount.read_only { ", read-only" } else { "" };
    match &mount.source {
        MountSource::Bind(path) => {
            write!(f, "show the host's {} on {}{read_only}", path.display(), mount.target)
        }
        MountSource::Tmpfs { size, .. } => {
            let size = size.map_or(String::new(), |size| format!(" of {}", human_bytes(size)));
            write!(f, "mount a tmpfs{size} on {}{read_only}", mount.target)
        }
    }
}

fn display_ids(uid: u32, gid: u32, groups: Option<&[u32]>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "become user {uid}, group {gid}")?;
    match groups {
        None => f.write_str(" (other groups cannot be set with a single id)"),
        Some([]) => f.write_str(", no other groups"),
        Some(groups) => {
            let groups: Vec<String> = groups.iter().map(u32::to_string).collect();
            write!(f, ", groups {}", groups.join(" "))
        }
    }
}

/// The names of capabilities given as bits.
pub(crate) fn capability_names(bits: u64) -> String {
    if bits == 0 {
        return "none".to_string();
    }
    let name = |number: u32| match ALL_CAPABILITIES.get(number as usize) {
        Some(name) => (*name).to_string(),
        None => format!("CAP_{number}"),
    };
    let names: Vec<String> = (0..64).filter(|number| bits & (1 << number) != 0).map(name).collect();
    names.join(" ")
}
