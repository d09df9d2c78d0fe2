//! Why a port cannot be published.

use std::io;
use std::net::SocketAddr;

use plimsoll_model::{PortSpec, Protocol};

use crate::container::{Container, Containers, PublishedPort, State};
use crate::observe::{PortHolder, port_holder};

/// Why a port cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// Another program has it.
    #[error("cannot publish {}: it is in use{}; choose another host port", words(*address, *protocol), by(holder))]
    Busy {
        /// The address asked for.
        address: SocketAddr,
        /// TCP or UDP.
        protocol: Protocol,
        /// Who has it, if that is known.
        holder: Option<Holder>,
    },
    /// Ports of this number are root's.
    #[error("cannot publish {}: ports below net.ipv4.ip_unprivileged_port_start (1024 by default) are root's; choose a higher host port or lower that sysctl", words(*address, *protocol))]
    Privileged {
        /// The address asked for.
        address: SocketAddr,
        /// TCP or UDP.
        protocol: Protocol,
    },
    /// The host has no such address.
    #[error("cannot publish {}: no interface of this host has the address {}", words(*address, *protocol), address.ip())]
    NoSuchAddress {
        /// The address asked for.
        address: SocketAddr,
        /// TCP or UDP.
        protocol: Protocol,
    },
    /// Only TCP and UDP are forwarded.
    #[error("cannot publish {port}: only tcp and udp ports can be forwarded")]
    Protocol {
        /// The port asked for.
        port: PortSpec,
    },
    /// Anything else the kernel says.
    #[error("cannot publish {}: {source}", words(*address, *protocol))]
    Refused {
        /// The address asked for.
        address: SocketAddr,
        /// TCP or UDP.
        protocol: Protocol,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The forwarder could not be started.
    #[error("cannot forward ports into the container's network: {source}")]
    Start {
        /// The kernel's answer.
        source: io::Error,
    },
}

/// Who has a port of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A container of the same store, by name.
    Container(String),
    /// A process, as /proc tells of one's own processes, and root of all.
    Process(PortHolder),
}

impl ForwardError {
    /// The same; a holder that is a container of this store is named as such.
    pub(crate) fn among(mut self, containers: &Containers) -> Self {
        if let ForwardError::Busy { address, protocol, holder } = &mut self
            && let Some(name) = publisher(containers, *address, *protocol)
        {
            *holder = Some(Holder::Container(name));
        }
        self
    }

    /// The kernel's answer to taking a port, in words.
    pub(super) fn of(address: SocketAddr, protocol: Protocol, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                let holder = port_holder(address, protocol).map(Holder::Process);
                ForwardError::Busy { address, protocol, holder }
            }
            io::ErrorKind::PermissionDenied => ForwardError::Privileged { address, protocol },
            io::ErrorKind::AddrNotAvailable => ForwardError::NoSuchAddress { address, protocol },
            _ => ForwardError::Refused { address, protocol, source },
        }
    }
}

fn words(address: SocketAddr, protocol: Protocol) -> String {
    format!("port {} ({}, {})", address.port(), protocol.word(), address.ip())
}

fn by(holder: &Option<Holder>) -> String {
    match holder {
        Some(Holder::Container(name)) => format!(" by container {name}"),
        Some(Holder::Process(PortHolder { pid, name })) => format!(" by process {pid} ({name})"),
        None => String::new(),
    }
}

/// The running container that has published this port, by name.
fn publisher(containers: &Containers, address: SocketAddr, protocol: Protocol) -> Option<String> {
    let listing = containers.list().ok()?;
    let has_it = |port: &PublishedPort| {
        let (own, wanted) = (port.host.ip(), address.ip());
        let same_place = own == wanted
            || own.is_ipv4() == wanted.is_ipv4() && (own.is_unspecified() || wanted.is_unspecified());
        port.host.port() == address.port() && port.container.protocol == protocol && same_place
    };
    let holds = |container: &&Container| match container.state() {
        Ok(State::Running { run, monitored: true, .. }) => run.ports.iter().any(has_it),
        _ => false,
    };
    listing.containers.iter().find(holds).map(|container| container.name().to_string())
}
