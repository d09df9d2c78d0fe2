//! Addresses that are a container's, and the cables that bring it there.

use std::io;
use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::error::NetworkError;
use super::leases::Lease;
use super::link::{Cable, Links};
use super::namespace;
use super::place::Place;
use super::record::NamedNetwork;
use super::store::Networks;
use crate::container::Attachment;

/// The kernel takes some milliseconds to notice a plugged cable, more on a busy machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// Addresses that are a container's until it is released.
#[derive(Debug)]
pub struct Reservation {
    pub(super) networks: Networks,
    pub(super) place: Place,
    pub(super) leases: Vec<(NamedNetwork, Lease)>,
}

impl Reservation {
    /// The container's places in its networks.
    pub fn attachments(&self) -> Vec<Attachment> {
        self.leases.iter().filter_map(|(network, lease)| lease.attachment(network)).collect()
    }

    /// By which address the container is reached in its first network, and from which network namespace
    /// if not from ours.
    pub(crate) fn way_in(&self) -> Option<io::Result<(Ipv4Addr, Option<OwnedFd>)>> {
        let (_, lease) = self.leases.first()?;
        Some(self.place.namespace().map(|namespace| (lease.address, namespace)))
    }

    /// Connect the container whose process this is; it must be a child of ours, or held otherwise, so
    /// that the number is not another one's. When this returns its interfaces work and it is known by
    /// name.
    pub fn connect(&self, pid: u32) -> Result<(), NetworkError> {
        for (network, lease) in &self.leases {
            let refused = NetworkError::refused(&network.name, "connecting the container");
            plug(&self.place, network, lease, pid).map_err(refused)?;
        }
        let _lock = self.networks.lock()?;
        self.networks.tell_names()
    }
}

/// Lay the cable between a network's bridge and the process' network namespace.
fn plug(place: &Place, network: &NamedNetwork, lease: &Lease, pid: u32) -> io::Result<()> {
    let Some(bridge) = network.bridge() else { return Ok(()) };
    let namespace = namespace::of_process(pid)?;
    let (here, there) = (place.links()?, Links::of(&namespace)?);
    let interface = network.interface();
    let cable = Cable {
        near: &lease.cable,
        bridge: number(&here, &interface)?,
        far: &lease.interface,
        mac: lease.mac(),
        namespace: &namespace,
    };
    here.add_cable(&cable)?;
    here.set_up(number(&here, &lease.cable)?)?;
    let inside = number(&there, &lease.interface)?;
    there.set_up(inside)?;
    there.add_address(inside, lease.address.into(), bridge.subnet.prefix)?;
    there.claim(bridge.subnet, inside)?;
    if !bridge.internal {
        there.add_default_route(bridge.gateway)?;
    }
    // Later than this the first packets may be lost, which is no reason not to start.
    here.await_operational(&lease.cable, PATIENCE)?;
    here.await_operational(&interface, PATIENCE).map(drop)
}

fn number(links: &Links, name: &str) -> io::Result<u32> {
    links.find(name)?.map(|link| link.index).ok_or(io::ErrorKind::NotFound.into())
}
