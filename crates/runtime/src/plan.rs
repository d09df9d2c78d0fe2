//! From a launch specification to a list of kernel steps: pure, printable, testable without root.
//!
//! The order of the steps is the order in which they are carried out, and it matters: what is mounted
//! later covers what was mounted before, and rights are given up last, from the outside in.

mod command;
mod step;

use std::fmt;

use plimsoll_model::launch::{ALL_CAPABILITIES, Mount, Network, Seccomp, Security};
use plimsoll_model::{LaunchSpec, ProcessUser};

use crate::host::{ContainerIds, HostFacts, IdMap};
use crate::rootfs::RootFs;

pub use command::Command;
pub(crate) use step::capability_names;
pub use step::{MASKED_PATHS, Namespace, READ_ONLY_PATHS, Step};

/// A list of kernel steps and what they start. `Display` prints one line per step, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPlan {
    /// Namespaces the process gets for itself.
    pub namespaces: Vec<Namespace>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// What is executed at the end.
    pub command: Command,
    /// What the started process must turn out to be.
    pub promise: Promise,
}

/// What is checked from outside after the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promise {
    /// No capability beyond these (bits) is in any set but the inheritable one.
    pub capabilities: u64,
    /// A system call filter is loaded.
    pub filtered: bool,
    /// no_new_privs is set.
    pub no_new_privileges: bool,
}

/// Why a specification cannot be carried out on this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// There is no program to start.
    #[error("no command was given and the image names none; add one after the image's name")]
    NoCommand,
    /// Text with a zero byte, which no kernel call can carry.
    #[error("{what} contains a zero byte")]
    ZeroByte {
        /// Which text.
        what: String,
    },
    /// Not a capability.
    #[error("there is no capability '{name}'")]
    UnknownCapability {
        /// As written.
        name: String,
    },
    /// A mount over what the kernel shows of itself, or over the root.
    #[error("nothing can be mounted on {target}: {why}")]
    MountRefused {
        /// As written.
        target: String,
        /// The reason.
        why: &'static str,
    },
    /// More supplementary groups or another id than a single-id container can have.
    #[error(
        "user {uid}:{gid} does not exist in this container, which has only {available}; \
         give it a range of ids with lines for your user in /etc/subuid and /etc/subgid"
    )]
    NoSuchId {
        /// The user asked for.
        uid: u32,
        /// The group asked for.
        gid: u32,
        /// What there is.
        available: String,
    },
    /// Host name the kernel would refuse.
    #[error("the host name '{name}' is longer than 64 bytes")]
    HostnameTooLong {
        /// As written.
        name: String,
    },
}

/// Decide every step of starting a container.
pub fn plan(spec: &LaunchSpec, host: &HostFacts, rootfs: &RootFs) -> Result<SandboxPlan, PlanError> {
    let capabilities = capability_bits(&spec.security.capabilities)?;
    if spec.hostname.len() > 64 {
        return Err(PlanError::HostnameTooLong { name: spec.hostname.clone() });
    }
    let nested = host.ids == IdMap::Single && (spec.user.uid, spec.user.gid) != (0, 0);
    let own_network = spec.network != Network::Host;
    let mut steps = vec![Step::Session];
    if nested {
        steps.push(Step::MapUser { uid: spec.user.uid, gid: spec.user.gid });
    }
    steps.push(Step::PrivateMounts);
    steps.push(root_step(host, rootfs));
    steps.extend(kernel_mounts(host, own_network));
    for mount in &spec.mounts {
        steps.push(mount_step(mount, host)?);
    }
    if own_network {
        steps.push(Step::Sysctl { name: "net/ipv4/ip_unprivileged_port_start", value: "0".to_string() });
        steps.push(Step::Sysctl { name: "net/ipv4/ping_group_range", value: ping_groups(host, spec) });
        steps.push(Step::Loopback);
    }
    steps.extend(MASKED_PATHS.map(Step::Mask));
    if !own_network && host.ids != IdMap::Host {
        // The host's /sys is shown, because a network namespace that is not ours gives no new one.
        steps.push(Step::Mask("/sys/fs/cgroup"));
    }
    steps.extend(READ_ONLY_PATHS.map(Step::ReadOnly));
    steps.push(Step::Hostname(spec.hostname.clone()));
    steps.push(Step::FindWorkdir { path: spec.workdir.clone(), create: true });
    if spec.terminal {
        steps.push(Step::Terminal { uid: spec.user.uid, console: true });
    }
    if spec.security.read_only_root {
        steps.push(Step::ReadOnlyRoot);
    }
    steps.push(Step::Pivot);
    steps.push(Step::EnterWorkdir(spec.workdir.clone()));
    let groups = (host.ids != IdMap::Single).then(|| spec.user.extra_groups.clone());
    steps.extend(rights(&spec.user, &spec.security, capabilities, groups, spec.terminal));
    steps.push(Step::CleanProcess);
    let command = Command::new(spec)?;
    steps.push(Step::Execute(command.words()));
    let namespaces = Namespace::ALL
        .into_iter()
        .filter(|namespace| match namespace {
            Namespace::User => nested,
            Namespace::Network => own_network,
            _ => true,
        })
        .collect();
    Ok(SandboxPlan { namespaces, steps, command, promise: promise(&spec.security, capabilities) })
}

/// Decide every step of starting one more process in a running container.
pub fn plan_exec(spec: &LaunchSpec, ids: &ContainerIds) -> Result<SandboxPlan, PlanError> {
    let capabilities = capability_bits(&spec.security.capabilities)?;
    let wanted = (spec.user.uid, spec.user.gid);
    let mut steps = vec![Step::Join];
    let groups = match ids {
        ContainerIds::Host | ContainerIds::Range => Some(spec.user.extra_groups.clone()),
        ContainerIds::RootOnly if wanted == (0, 0) => None,
        ContainerIds::RootOnly => {
            steps.push(Step::MapUser { uid: wanted.0, gid: wanted.1 });
            None
        }
        ContainerIds::Nested { uid, gid } if wanted == (*uid, *gid) => None,
        ContainerIds::Nested { uid, gid } => {
            let available = format!("user {uid} and group {gid}");
            return Err(PlanError::NoSuchId { uid: wanted.0, gid: wanted.1, available });
        }
    };
    steps.push(Step::Hide);
    steps.push(Step::FindWorkdir { path: spec.workdir.clone(), create: false });
    steps.push(Step::EnterWorkdir(spec.workdir.clone()));
    steps.extend(rights(&spec.user, &spec.security, capabilities, groups, spec.terminal));
    steps.push(Step::EnterProcesses);
    steps.push(Step::Session);
    if spec.terminal {
        steps.push(Step::Terminal { uid: spec.user.uid, console: false });
    }
    steps.push(Step::CleanProcess);
    let command = Command::new(spec)?;
    steps.push(Step::Execute(command.words()));
    let promise = promise(&spec.security, capabilities);
    Ok(SandboxPlan { namespaces: Vec::new(), steps, command, promise })
}

/// Giving up rights, from the widest to the last.
fn rights(
    user: &ProcessUser,
    security: &Security,
    capabilities: u64,
    groups: Option<Vec<u32>>,
    terminal: bool,
) -> Vec<Step> {
    let mut steps = vec![Step::BoundCapabilities(capabilities)];
    let filter = match security.seccomp {
        Seccomp::Default => Some(Step::Filter { capabilities, guard_terminal: !terminal }),
        Seccomp::Unconfined => None,
    };
    // Without no_new_privs a filter can only be loaded while CAP_SYS_ADMIN is held.
    let (early, late) = if security.no_new_privileges { (None, filter) } else { (filter, None) };
    steps.extend(early);
    steps.push(Step::Ids { uid: user.uid, gid: user.gid, groups });
    steps.push(Step::Capabilities(if user.uid == 0 { capabilities } else { 0 }));
    if security.no_new_privileges {
        steps.push(Step::NoNewPrivileges);
    }
    steps.extend(late);
    steps
}

fn promise(security: &Security, capabilities: u64) -> Promise {
    Promise {
        capabilities,
        filtered: security.seccomp == Seccomp::Default,
        no_new_privileges: security.no_new_privileges,
    }
}

/// Overlays that take each layer by itself (`lowerdir+`) exist since Linux 6.5.
const LAYER_BY_LAYER: (u32, u32) = (6, 5);

fn root_step(host: &HostFacts, rootfs: &RootFs) -> Step {
    Step::Root {
        rootfs: rootfs.clone(),
        user_xattr: host.ids != IdMap::Host,
        layer_by_layer: host.kernel_version() >= LAYER_BY_LAYER,
    }
}

fn kernel_mounts(host: &HostFacts, own_network: bool) -> Vec<Step> {
    let sys = if own_network || host.ids == IdMap::Host { Step::Sys } else { Step::HostSys };
    // Group 5 (tty) owns pseudo-terminals where it exists.
    let tty_group = host.ids != IdMap::Single;
    vec![
        Step::Proc,
        sys,
        Step::Dev,
        Step::Devices,
        Step::DeviceLinks,
        Step::DevPts { tty_group },
        Step::Shm,
        Step::MessageQueues,
    ]
}

fn mount_step(mount: &Mount, host: &HostFacts) -> Result<Step, PlanError> {
    let target = plimsoll_model::file_tree::clean_path("/", &mount.target);
    let refuse = |why| Err(PlanError::MountRefused { target: mount.target.clone(), why });
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
    let devices = host.ids != IdMap::Host;
    Ok(Step::Mount { mount: Mount { target, ..mount.clone() }, devices })
}

/// Groups whose processes may send pings without CAP_NET_RAW: all that exist.
fn ping_groups(host: &HostFacts, spec: &LaunchSpec) -> String {
    match host.ids {
        IdMap::Host => "0 2147483647".to_string(),
        IdMap::Range => "0 65536".to_string(),
        IdMap::Single => format!("{0} {0}", spec.user.gid),
    }
}

fn capability_bits(names: &[String]) -> Result<u64, PlanError> {
    names.iter().try_fold(0, |bits, name| {
        let number = ALL_CAPABILITIES.iter().position(|known| known == name);
        let number = number.ok_or_else(|| PlanError::UnknownCapability { name: name.clone() })?;
        Ok(bits | 1 << number)
    })
}

impl fmt::Display for SandboxPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.namespaces.is_empty() {
            let names: Vec<&str> = self.namespaces.iter().map(|n| n.word()).collect();
            writeln!(f, "    clone a process into namespaces of its own: {}", names.join(", "))?;
        }
        for (number, step) in (1..).zip(&self.steps) {
            writeln!(f, "{number:3} {step}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
