//! Why a specification cannot be carried out.

use crate::seccomp::ProfileError;

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
    /// A system call filter of the user's own that cannot be read.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A name the kernel would refuse.
    #[error("the {what} '{name}' is longer than 64 bytes")]
    NameTooLong {
        /// Host name or domain name.
        what: &'static str,
        /// As written.
        name: String,
    },
    /// A domain name for somebody else's namespace.
    #[error("the domain name cannot be set: it would be changed for {whose}, too, whose host name is shared")]
    DomainNameOfOthers {
        /// Whose namespace it is.
        whose: String,
    },
    /// A kernel setting no container can have for itself.
    #[error("the kernel setting '{name}' cannot be set: {why}")]
    SysctlRefused {
        /// As written.
        name: String,
        /// The reason.
        why: String,
    },
    /// Not a resource.
    #[error("there is no limit named '{name}'; there are {}", known.join(", "))]
    UnknownLimit {
        /// As written.
        name: String,
        /// All there are.
        known: Vec<&'static str>,
    },
    /// A limit that contradicts itself.
    #[error("the limit {name} is to be {soft}, which is more than {hard}, the most it may be raised to")]
    SoftAboveHard {
        /// The resource.
        name: String,
        /// What is to count.
        soft: String,
        /// How far it may be raised.
        hard: String,
    },
    /// A number the kernel does not take.
    #[error("the OOM score {score} is out of range: the kernel takes -1000 (never killed) to 1000 (first)")]
    OomScore {
        /// As written.
        score: i32,
    },
    /// Ids only root has.
    #[error(
        "an ordinary user has no right to the host's user ids and always gets a user namespace; \
         leave --userns=host out, or run as root"
    )]
    HostIds,
    /// Ids of another container.
    #[error(
        "the user ids of another container cannot be asked for: an ordinary user's containers that share a \
         namespace share them anyway, and root's have the host's"
    )]
    OthersIds,
}
