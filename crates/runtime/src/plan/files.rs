//! Which files a container sees: its root, the kernel's own files, what is mounted on top.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Device, Mount, MountSource, Network, Propagation, Share, Tmpfs};

use super::{BuildStep, PlanError, Step, build_step, namespace, sysctl};
use crate::host::{HostFacts, IdMap};
use crate::rootfs::RootFs;

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

/// Size of `/dev/shm`, as docker's.
const DEFAULT_SHM_SIZE: u64 = 64 << 20;

/// Overlays that take each layer by itself (`lowerdir+`) exist since Linux 6.5.
const LAYER_BY_LAYER: (u32, u32) = (6, 5);

/// Everything from an empty mount namespace to the working directory.
pub(super) fn steps(
    spec: &LaunchSpec,
    host: &HostFacts,
    rootfs: &RootFs,
    build: &BuildStep,
) -> Result<Vec<Step>, PlanError> {
    let mut steps = vec![Step::PrivateMounts, root(spec, host, rootfs), proc(spec, host)];
    steps.extend(sysctl::steps(spec, host)?);
    steps.extend(kernel_mounts(spec, host, build));
    for mount in &spec.mounts {
        steps.push(mount_step(mount, host, spec.security.privileged)?);
    }
    for mount in &build.mounts {
        steps.push(build_step::mount_step(mount, host)?);
    }
    steps.extend(devices(spec, host)?);
    steps.extend(masks(spec, host));
    steps.push(Step::FindWorkdir { path: spec.workdir.clone(), create: true });
    if spec.terminal {
        // Of the one id there is, whatever it is called inside later.
        let owner = if host.ids == IdMap::Single { 0 } else { spec.user.uid };
        let control = !joins_processes(spec);
        steps.push(Step::Terminal { owner, console: true, control });
    }
    if spec.security.read_only_root {
        steps.push(Step::ReadOnlyRoot);
    }
    steps.extend([Step::Pivot, Step::EnterWorkdir(spec.workdir.clone())]);
    Ok(steps)
}

/// Its processes are another container's: the program is not the first process of a namespace of its own.
pub(super) fn joins_processes(spec: &LaunchSpec) -> bool {
    matches!(spec.sharing.pid, Share::Container(_))
}

/// Device nodes can be used: in a user namespace the kernel lets nobody open more than what its own rights
/// allow, and none can be made. For real root there is no list of allowed devices, and with CAP_MKNOD any
/// disk could be opened, so there it takes `--privileged`.
fn devices_work(host: &HostFacts, privileged: bool) -> bool {
    host.ids != IdMap::Host || privileged
}

fn root(spec: &LaunchSpec, host: &HostFacts, rootfs: &RootFs) -> Step {
    let (user_xattr, layer_by_layer) = overlay_options(host);
    let devices = host.ids == IdMap::Host && spec.security.privileged;
    Step::Root { rootfs: rootfs.clone(), user_xattr, layer_by_layer, devices }
}

/// Overlay attributes under `user.`, and whether the kernel takes the layers one by one.
pub(crate) fn overlay_options(host: &HostFacts) -> (bool, bool) {
    (host.ids != IdMap::Host, host.kernel_version() >= LAYER_BY_LAYER)
}

/// A new procfs shows the processes of the namespace we are in, and is granted only to its owner: the
/// host's own is then shown instead.
fn proc(spec: &LaunchSpec, host: &HostFacts) -> Step {
    match &spec.sharing.pid {
        Share::Host if host.ids != IdMap::Host => Step::HostProc,
        whose => Step::Proc { whose: whose.clone() },
    }
}

fn kernel_mounts(spec: &LaunchSpec, host: &HostFacts, build: &BuildStep) -> Vec<Step> {
    let read_only = !spec.security.privileged;
    let ordinary = host.ids != IdMap::Host;
    // A new sysfs shows the network we are in, with the same condition as procfs.
    let sys = match spec.network {
        Network::Host if ordinary => Step::HostSys { read_only },
        _ => Step::Sys { read_only },
    };
    let size = build.shm_size.or(spec.shm_size).filter(|size| *size > 0).unwrap_or(DEFAULT_SHM_SIZE);
    let (shm, queues) = match &spec.sharing.ipc {
        Share::Own => (Step::Shm { size }, Step::MessageQueues),
        Share::Host if ordinary => (Step::SharedShm { of: None }, Step::HostMessageQueues),
        Share::Host => (Step::SharedShm { of: None }, Step::MessageQueues),
        Share::Container(id) => (Step::SharedShm { of: Some(id.clone()) }, Step::MessageQueues),
    };
    // Group 5 (tty) owns pseudo-terminals where it exists.
    let tty_group = host.ids != IdMap::Single;
    let dev = Step::Dev { devices: !ordinary && spec.security.privileged };
    let mut steps = vec![sys];
    if !ordinary {
        // In a user namespace there is nothing to show: what is delegated is not the container's to change.
        steps.push(Step::ShowCgroup { writable: spec.security.privileged });
    }
    steps.extend([dev, Step::Devices, Step::DeviceLinks, Step::DevPts { tty_group }, shm, queues]);
    steps
}

pub(super) fn mount_step(mount: &Mount, host: &HostFacts, privileged: bool) -> Result<Step, PlanError> {
    let mut mount = Mount { target: mount_target(&mount.target)?, ..mount.clone() };
    if let MountSource::Tmpfs(tmpfs) = mount.source
        && host.ids == IdMap::Single
    {
        mount.source = MountSource::Tmpfs(Tmpfs { owner: (0, 0), ..tmpfs });
    }
    let shared = matches!(mount.propagation, Propagation::Shared | Propagation::RecursiveShared);
    if shared && host.ids != IdMap::Host {
        let why = "an ordinary user's mounts never show on the host; slave and rslave show the host's inside";
        return Err(PlanError::MountRefused { target: mount.target, why });
    }
    Ok(Step::Mount { mount, devices: devices_work(host, privileged) })
}

/// The clean path of a mount target on which something may be mounted.
pub(super) fn mount_target(written: &str) -> Result<String, PlanError> {
    let target = plimsoll_model::file_tree::clean_path("/", written);
    let refuse = |why| Err(PlanError::MountRefused { target: written.to_string(), why });
    match target.as_str() {
        "/" => return refuse("it would hide the whole root file system"),
        "/proc" | "/sys" | "/dev" => return refuse("it is the container's own view of the kernel"),
        below if below.starts_with("/proc/") => {
            return refuse("the kernel's view of processes must not be falsified");
        }
        _ => {}
    }
    if target.contains('\0') {
        return Err(PlanError::ZeroByte { what: "a mount target".to_string() });
    }
    Ok(target)
}

/// Devices that were asked for; with `--privileged`, all the host has.
fn devices(spec: &LaunchSpec, host: &HostFacts) -> Result<Vec<Step>, PlanError> {
    let mut steps = Vec::new();
    if spec.security.privileged {
        steps.push(Step::HostDevices { openable_only: host.ids != IdMap::Host });
    }
    for device in &spec.devices {
        // A directory of devices may be shown on all of /dev: what is mounted are the nodes in it.
        let container = match plimsoll_model::file_tree::clean_path("/", &device.container) {
            dev if dev == "/dev" => dev,
            _ => mount_target(&device.container)?,
        };
        steps.push(Step::Device(Device { container, ..device.clone() }));
    }
    Ok(steps)
}

fn masks(spec: &LaunchSpec, host: &HostFacts) -> Vec<Step> {
    let mut steps = Vec::new();
    let bare = spec.security.bare_kernel_files || spec.security.privileged;
    if !bare {
        steps.push(Step::Mask { paths: MASKED_PATHS.to_vec() });
    }
    if namespace::network(&spec.network) == Share::Host && host.ids != IdMap::Host {
        // The host's /sys is shown: its control groups must not be written (CVE-2023-25809).
        steps.push(Step::Mask { paths: vec!["/sys/fs/cgroup"] });
    }
    if !bare {
        steps.push(Step::ReadOnly { paths: READ_ONLY_PATHS.to_vec() });
    }
    steps
}
