//! Exactly one process, fully decided: the bridge between the wings. `docker run` flags, an image's
//! configuration, a pod spec and an experiment all become one [`LaunchSpec`].

use std::collections::BTreeSet;
use std::time::Duration;

use crate::signal::Signal;

mod limits;
mod mounts;
mod network;
mod security;

pub use limits::{DeviceRate, Limits, RateKind, SwapLimit, Ulimit};
pub use mounts::{Mount, MountSource, Propagation, Tmpfs, parse_mode};
pub use network::{HostEntry, Naming, Network, Publish, UserModeProgram};
pub use security::{
    ALL_CAPABILITIES, DEFAULT_CAPABILITIES, Device, IPC_SYSCTLS, IdCalls, Seccomp, Security, Share, Sharing,
};

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
    /// NIS domain name inside the container; empty: the kernel's `(none)` stays.
    pub domainname: String,
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
    /// How it finds others by name.
    pub naming: Naming,
    /// What the process may do.
    pub security: Security,
    /// Namespaces it shares with others.
    pub sharing: Sharing,
    /// Devices of the host it may use.
    pub devices: Vec<Device>,
    /// Kernel settings of its namespaces: dotted name and value.
    pub sysctls: Vec<(String, String)>,
    /// Size of `/dev/shm` in bytes; `None` is docker's 64 MiB.
    pub shm_size: Option<u64>,
    /// What it may use of the machine.
    pub limits: Limits,
    /// Resource limits of the process.
    pub ulimits: Vec<Ulimit>,
    /// How soon the kernel kills it when memory is short, -1000 to 1000.
    pub oom_score_adj: Option<i32>,
}

impl LaunchSpec {
    /// A process with docker's defaults: root in `/`, no network but loopback, no environment.
    pub fn of(argv: Vec<String>) -> Self {
        LaunchSpec {
            argv,
            env: Vec::new(),
            user: ProcessUser::root(),
            workdir: "/".into(),
            hostname: "container".into(),
            domainname: String::new(),
            stop: StopRule::default(),
            terminal: false,
            init: false,
            mounts: Vec::new(),
            network: Network::None,
            publish: Vec::new(),
            naming: Naming::default(),
            security: Security::default(),
            sharing: Sharing::default(),
            devices: Vec::new(),
            sysctls: Vec::new(),
            shm_size: None,
            limits: Limits::default(),
            ulimits: Vec::new(),
            oom_score_adj: None,
        }
    }

    /// Ids of the other containers whose namespaces it shares. They must run when it is started.
    pub fn shared_with(&self) -> BTreeSet<&str> {
        let Sharing { pid, ipc, uts, cgroup, user } = &self.sharing;
        let shares = [pid, ipc, uts, cgroup, user].into_iter().filter_map(|share| match share {
            Share::Container(id) => Some(id.as_str()),
            Share::Own | Share::Host => None,
        });
        let network = match &self.network {
            Network::Container(id) => Some(id.as_str()),
            _ => None,
        };
        shares.chain(network).collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_named_once() {
        let mut spec = LaunchSpec::of(vec!["true".to_string()]);
        assert!(spec.shared_with().is_empty());
        spec.sharing.ipc = Share::Host;
        spec.sharing.pid = Share::Container("b".to_string());
        spec.sharing.uts = Share::Container("a".to_string());
        spec.network = Network::Container("b".to_string());
        assert_eq!(spec.shared_with().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
