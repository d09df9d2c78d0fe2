//! The steps a sandbox is made of.

use plimsoll_model::launch::{Device, Mount, Share};

use super::build_step::Secret;
use super::limits::Limit;
use super::namespace::Namespace;
use crate::rootfs::RootFs;
use crate::seccomp::{Profile, Watched};

/// One thing that is done. Its `Display` says it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The control group that was made for it is entered.
    JoinCgroup,
    /// Own session, descriptors 0 to 2, all others closed at exec.
    Session,
    /// Processes of a container cannot look into this one.
    Hide,
    /// Namespaces of another running container are joined.
    JoinContainer {
        /// Its id.
        id: String,
        /// Which.
        namespaces: Vec<Namespace>,
    },
    /// A namespace of control groups, made when the process is in its group.
    OwnCgroups,
    /// The host name is set.
    Hostname(String),
    /// The NIS domain name is set.
    DomainName(String),
    /// The loopback interface is switched on.
    Loopback,
    /// The launching process connects the container to these networks; the container waits for it.
    Networks(Vec<String>),
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
        /// Device nodes in it can be used.
        devices: bool,
    },
    /// A procfs.
    Proc {
        /// Whose processes it shows.
        whose: Share,
    },
    /// The host's `/proc`, where a new one cannot be had.
    HostProc,
    /// A kernel setting of the container's own namespaces.
    Sysctl {
        /// Its name with dots.
        name: String,
        /// What is written.
        value: String,
        /// A failure is ignored.
        optional: bool,
    },
    /// A fresh sysfs.
    Sys {
        /// It cannot be written.
        read_only: bool,
    },
    /// The host's `/sys`.
    HostSys {
        /// It cannot be written.
        read_only: bool,
    },
    /// The control group at `/sys/fs/cgroup`, where programs look for the limits they have to keep.
    ShowCgroup {
        /// It can be written, and groups be made in it.
        writable: bool,
    },
    /// A fresh `/dev`.
    Dev {
        /// Nodes that are made in it can be used.
        devices: bool,
    },
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
    Shm {
        /// Bytes it may take.
        size: u64,
    },
    /// Somebody else's POSIX shared memory.
    SharedShm {
        /// The other container; `None`: the host.
        of: Option<String>,
    },
    /// POSIX message queues of the namespace it is in.
    MessageQueues,
    /// The host's message queues, where a mount of them cannot be had.
    HostMessageQueues,
    /// A mount that was asked for.
    Mount {
        /// What and where.
        mount: Mount,
        /// Device nodes in it can be used.
        devices: bool,
    },
    /// A path of layers laid over each other is shown.
    ShowLayers {
        /// The layers; what is written to them is thrown away.
        rootfs: RootFs,
        /// The path in them.
        path: String,
        /// A directory stands there.
        directory: bool,
        /// Where it is shown.
        target: String,
        /// Mounted read-only.
        read_only: bool,
        /// As for the root.
        user_xattr: bool,
        /// As for the root.
        layer_by_layer: bool,
    },
    /// An empty file system in memory from which programs can be started.
    Scratch {
        /// Bytes it may take.
        size: Option<u64>,
        /// Where.
        target: String,
    },
    /// A file that lies in memory only is shown.
    ShowSecret {
        /// Its bytes.
        content: Secret,
        /// Its mode.
        mode: u32,
        /// User and group; `None`: cannot be chosen with one id.
        owner: Option<(u32, u32)>,
        /// Where it is shown.
        target: String,
    },
    /// A device of the host, or a directory of them. What may be done with it is the business of its
    /// control group's list.
    Device(Device),
    /// All devices of the host.
    HostDevices {
        /// Those only that we can open.
        openable_only: bool,
    },
    /// Paths are hidden.
    Mask {
        /// Which.
        paths: Vec<&'static str>,
    },
    /// Paths are made read-only.
    ReadOnly {
        /// Which.
        paths: Vec<&'static str>,
    },
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
        owner: u32,
        /// It is `/dev/console`, too.
        console: bool,
        /// It is made the controlling one at once.
        control: bool,
    },
    /// The root file system cannot be written.
    ReadOnlyRoot,
    /// The root file system becomes `/`, everything else is let go of.
    Pivot,
    /// The working directory is entered.
    EnterWorkdir(String),
    /// A resource limit.
    Limit(Limit),
    /// How soon the kernel kills the process when memory is short.
    OomScore {
        /// -1000 to 1000.
        score: i32,
        /// Our own score counts if it is higher.
        not_below_ours: bool,
    },
    /// A nested user namespace in which exactly one user and group exist.
    MapUser {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
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
    /// The system call filter.
    Filter {
        /// Capabilities that allow more calls.
        capabilities: u64,
        /// Calls that type into a terminal are refused, since it is the caller's.
        guard_terminal: bool,
    },
    /// The same filter; the launching process is shown these calls, and lets them go on.
    WatchedFilter {
        /// As of the filter.
        capabilities: u64,
        /// As of the filter.
        guard_terminal: bool,
        /// Which.
        watched: Watched,
    },
    /// A system call filter of the user's own.
    ProfileFilter {
        /// What it says.
        profile: Profile,
        /// Capabilities that allow more calls.
        capabilities: u64,
    },
    /// Calls about ids and owners are handed over to the launching process.
    HandOverIdCalls,
    /// Capabilities that can never be had again are dropped.
    BoundCapabilities(u64),
    /// Capabilities that are held.
    Capabilities(u64),
    /// no_new_privs.
    NoNewPrivileges,
    /// The namespaces of the container to enter are joined.
    Join,
    /// A child becomes a process of the container whose namespaces were joined.
    EnterProcesses,
    /// The terminal opened before becomes the controlling one.
    ControlTerminal,
    /// umask, signals.
    CleanProcess,
    /// The program is executed.
    Execute(String),
}
