//! What can go wrong with networks.

use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use super::subnet::Subnet;
use crate::container::ContainerError;

/// A step in a network's life that failed.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// Nothing has this name or id.
    #[error("there is no network '{key}'; 'network ls' lists those there are")]
    NotFound {
        /// What was looked for.
        key: String,
    },
    /// Several ids begin so.
    #[error("'{key}' is the beginning of {} network ids ({}); write more of it", matches.len(), matches.join(", "))]
    Ambiguous {
        /// What was looked for.
        key: String,
        /// The ids, shortened.
        matches: Vec<String>,
    },
    /// Not a name.
    #[error("'{name}' is no name for a network: a letter or digit, then letters, digits, '_', '.' or '-'")]
    BadName {
        /// What was asked for.
        name: String,
    },
    /// The name has a meaning already.
    #[error("'{name}' is predefined: it can be neither made nor removed")]
    Predefined {
        /// The name.
        name: String,
    },
    /// There is one of this name.
    #[error("a network called '{name}' exists already; remove that one or choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Containers are in it.
    #[error("network {name} is in use by {}; stop or disconnect them first", members.join(", "))]
    InUse {
        /// Its name.
        name: String,
        /// Names of the containers.
        members: Vec<String>,
    },
    /// Somebody has these addresses.
    #[error(
        "the subnet {subnet} of network {network} is taken by {holder}; choose another one with --subnet"
    )]
    SubnetTaken {
        /// The network.
        network: String,
        /// Its subnet.
        subnet: Subnet,
        /// Another network, or an interface of the host.
        holder: String,
    },
    /// All subnets we choose from have a route.
    #[error(
        "no subnet is free for network {network}: all of 10.89.0.0/24 to 10.255.255.0/24 have routes on this machine; choose one with --subnet"
    )]
    NoFreeSubnet {
        /// The network.
        network: String,
    },
    /// The gateway lies outside of the subnet.
    #[error("the gateway {gateway} is no address for a machine of {subnet}")]
    BadGateway {
        /// The gateway.
        gateway: Ipv4Addr,
        /// The subnet.
        subnet: Subnet,
    },
    /// Every address has been given to a container.
    #[error("no address of network {network} ({subnet}) is free; stop containers, or make a larger network")]
    NoFreeAddress {
        /// The network.
        network: String,
        /// Its subnet.
        subnet: Subnet,
    },
    /// The address asked for belongs to another one.
    #[error("the address {address} of network {network} belongs to {holder}; choose another one")]
    AddressTaken {
        /// The network.
        network: String,
        /// The address.
        address: Ipv4Addr,
        /// Name of the container, or "the gateway".
        holder: String,
    },
    /// The address asked for is not one of the network's.
    #[error("{address} is no address for a container of network {network} ({subnet})")]
    AddressOutside {
        /// The network.
        network: String,
        /// The address.
        address: Ipv4Addr,
        /// Its subnet.
        subnet: Subnet,
    },
    /// The network has no bridge that a container could be connected to.
    #[error("network {name} cannot be joined together with others: it has driver {driver}")]
    NotABridge {
        /// Its name.
        name: String,
        /// Its driver.
        driver: &'static str,
    },
    /// The container is in it already.
    #[error("container {container} is in network {network} already")]
    Joined {
        /// The container.
        container: String,
        /// The network.
        network: String,
    },
    /// The container is not in it.
    #[error("container {container} is not in network {network}")]
    NotJoined {
        /// The container.
        container: String,
        /// The network.
        network: String,
    },
    /// The container has no network of its own.
    #[error(
        "container {container} has no network of its own that could be connected: it was started with --network host, none or container"
    )]
    NotOwn {
        /// The container.
        container: String,
    },
    /// The kernel makes no bridge for us.
    #[error("network {network} cannot be set up: {doing} was refused ({why})")]
    Refused {
        /// The network.
        network: String,
        /// What was tried.
        doing: &'static str,
        /// The kernel's answer in words.
        why: String,
    },
    /// An ordinary user's containers cannot be connected.
    #[error(
        "networks of the store are root's: an ordinary user's containers are in user namespaces that cannot reach each other; use --network private, host or container:NAME"
    )]
    Rootless,
    /// What containers have left behind cannot be taken away.
    #[error("the network of a container that has ended cannot be taken down: {why}")]
    NotCleaned {
        /// The kernel's answer in words.
        why: String,
    },
    /// A state file holds what we never wrote.
    #[error("{} is damaged: {why}; remove the network", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file of the state could not be read or written.
    #[error(transparent)]
    State(#[from] ContainerError),
}

impl NetworkError {
    /// A file of the state could not be read or written.
    pub(super) fn at<E: Into<io::Error>>(action: &str, path: &Path) -> impl FnOnce(E) -> Self {
        let failed = ContainerError::at(action, path);
        move |source| NetworkError::State(failed(source))
    }

    /// The kernel's answer to setting a network up.
    pub(super) fn refused(network: &str, doing: &'static str) -> impl Fn(io::Error) -> Self {
        let network = network.to_string();
        move |error| NetworkError::Refused { network: network.clone(), doing, why: words(&error) }
    }

    /// The kernel's answer to taking one down.
    pub(super) fn cleaning(error: io::Error) -> Self {
        NetworkError::NotCleaned { why: words(&error) }
    }
}

fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
