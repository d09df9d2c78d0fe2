//! Why a port cannot be published.

use std::io;
use std::net::SocketAddr;

use plimsoll_model::{PortSpec, Protocol};

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
        /// Who has it, if /proc tells.
        holder: Option<PortHolder>,
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

impl ForwardError {
    /// The kernel's answer to taking a port, in words.
    pub(super) fn of(address: SocketAddr, protocol: Protocol, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => {
                ForwardError::Busy { address, protocol, holder: port_holder(address, protocol) }
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

fn by(holder: &Option<PortHolder>) -> String {
    holder.as_ref().map_or(String::new(), |holder| format!(" by process {} ({})", holder.pid, holder.name))
}
