//! Namespaces: what a container has for itself, what it shares, and with whom.

use plimsoll_model::LaunchSpec;
use plimsoll_model::launch::{Network, Share};

use super::{PlanError, Step};
use crate::host::{HostFacts, IdMap};

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

/// A process of another uid than 0 where there is only one id: it gets a user namespace in which it alone
/// exists.
pub(super) fn is_nested(spec: &LaunchSpec, host: &HostFacts) -> bool {
    host.ids == IdMap::Single && (spec.user.uid, spec.user.gid) != (0, 0)
}

/// Whose namespace of each kind the process will be in. `Host` means the one plimsoll itself is in.
pub(super) fn memberships(spec: &LaunchSpec, host: &HostFacts) -> Result<Vec<(Namespace, Share)>, PlanError> {
    match spec.sharing.user {
        Share::Host if host.ids != IdMap::Host => return Err(PlanError::HostIds),
        Share::Container(_) => return Err(PlanError::OthersIds),
        Share::Own | Share::Host => {}
    }
    let user = if is_nested(spec, host) { Share::Own } else { Share::Host };
    let whose = |namespace| match namespace {
        Namespace::User => user.clone(),
        Namespace::Mount => Share::Own,
        Namespace::Pid => spec.sharing.pid.clone(),
        Namespace::Ipc => spec.sharing.ipc.clone(),
        Namespace::Uts => spec.sharing.uts.clone(),
        Namespace::Network => network(&spec.network),
        Namespace::Cgroup => spec.sharing.cgroup.clone(),
    };
    Ok(Namespace::ALL.into_iter().map(|namespace| (namespace, whose(namespace))).collect())
}

/// Whose network it is.
pub(super) fn network(network: &Network) -> Share {
    match network {
        Network::Host => Share::Host,
        Network::Container(id) => Share::Container(id.clone()),
        Network::None | Network::Private | Network::UserMode(_) | Network::Joined(_) => Share::Own,
    }
}

/// Everything that is decided by namespaces alone.
pub(super) fn steps(spec: &LaunchSpec, namespaces: &[(Namespace, Share)]) -> Result<Vec<Step>, PlanError> {
    let mut steps = vec![Step::JoinCgroup, Step::Session];
    let joins = joins(namespaces);
    if !joins.is_empty() {
        // Before anything of another container is entered (CVE-2019-5736).
        steps.push(Step::Hide);
    }
    steps.extend(joins);
    if spec.sharing.cgroup == Share::Own {
        steps.push(Step::OwnCgroups);
    }
    steps.extend(names(spec)?);
    if spec.network.is_own() {
        steps.push(Step::Loopback);
    }
    Ok(steps)
}

/// One step for each container of which something is shared.
fn joins(namespaces: &[(Namespace, Share)]) -> Vec<Step> {
    let mut joins: Vec<(String, Vec<Namespace>)> = Vec::new();
    for (namespace, share) in namespaces {
        let Share::Container(id) = share else { continue };
        match joins.iter_mut().find(|(known, _)| known == id) {
            Some((_, kinds)) => kinds.push(*namespace),
            None => joins.push((id.clone(), vec![*namespace])),
        }
    }
    joins.into_iter().map(|(id, namespaces)| Step::JoinContainer { id, namespaces }).collect()
}

/// Host and domain name, where there is a namespace of our own to set them in.
fn names(spec: &LaunchSpec) -> Result<Vec<Step>, PlanError> {
    for (what, name) in [("host name", &spec.hostname), ("domain name", &spec.domainname)] {
        if name.len() > 64 {
            return Err(PlanError::NameTooLong { what, name: name.clone() });
        }
        if name.contains('\0') {
            return Err(PlanError::ZeroByte { what: format!("the {what}") });
        }
    }
    let whose = match &spec.sharing.uts {
        Share::Own => None,
        Share::Host => Some("the host".to_string()),
        Share::Container(id) => Some(format!("container {}", super::short(id))),
    };
    match (whose, spec.domainname.is_empty()) {
        (Some(_), true) => Ok(Vec::new()),
        (Some(whose), false) => Err(PlanError::DomainNameOfOthers { whose }),
        (None, true) => Ok(vec![Step::Hostname(spec.hostname.clone())]),
        (None, false) => {
            Ok(vec![Step::Hostname(spec.hostname.clone()), Step::DomainName(spec.domainname.clone())])
        }
    }
}
