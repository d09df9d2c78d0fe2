//! Running containers that join a network or leave one.

use std::net::{IpAddr, Ipv4Addr};

use plimsoll_model::Network;

use super::error::NetworkError;
use super::link::Links;
use super::membership::Member;
use super::namespace;
use super::record::NamedNetwork;
use super::store::Networks;
use crate::container::{Container, Run};
use crate::host::IdMap;

impl Networks {
    /// Bring a running container into a network, under further names there.
    pub fn connect(
        &self,
        network: &NamedNetwork,
        container: &Container,
        address: Option<Ipv4Addr>,
        aliases: &[String],
        ids: &IdMap,
    ) -> Result<(), NetworkError> {
        let mut run = container.running()?;
        if !can_join(&container.record().spec.network) {
            let container = container.name().to_string();
            return Err(NetworkError::NotOwn { container });
        }
        // Held from here on: its number cannot become another process'.
        let _process = run.process.open();
        let mut member = Member::of(container.record(), run.monitor);
        member.add_names(aliases);
        let names = [network.name.clone()];
        let reservation = self.reserve(&names, &member, address, ids)?;
        if let Err(error) = reservation.connect(run.process.pid) {
            self.leave(network, container.id())?;
            return Err(error);
        }
        run.attachments.extend(reservation.attachments());
        Ok(container.directory().write_run(&run)?)
    }

    /// Take a running container out of a network.
    pub fn disconnect(&self, network: &NamedNetwork, container: &Container) -> Result<(), NetworkError> {
        let mut run = container.running()?;
        if !self.leases(network)?.iter().any(|lease| lease.container == container.id()) {
            let (container, network) = (container.name().to_string(), network.name.clone());
            return Err(NetworkError::NotJoined { container, network });
        }
        self.leave(network, container.id())?;
        run.attachments.retain(|place| place.network != network.name);
        restore_way_out(&run).map_err(NetworkError::refused(&network.name, "setting another way out"))?;
        Ok(container.directory().write_run(&run)?)
    }

    fn leave(&self, network: &NamedNetwork, container: &str) -> Result<(), NetworkError> {
        let _lock = self.lock()?;
        let addresses: Vec<Ipv4Addr> = self
            .leases(network)?
            .iter()
            .filter(|lease| lease.container == container)
            .map(|lease| lease.address)
            .collect();
        self.release_all(&self.place(), |lease| {
            lease.container == container && addresses.contains(&lease.address)
        })
    }
}

/// A container of this network can be in networks of the store, from its start or later.
pub(crate) fn can_join(network: &Network) -> bool {
    matches!(network, Network::Joined(_) | Network::Private | Network::UserMode(_))
}

/// The way out went with the network it led through: the next one takes its place.
fn restore_way_out(run: &Run) -> std::io::Result<()> {
    let gateways = run.attachments.iter().filter_map(|place| place.gateway);
    let mut gateways = gateways.filter_map(|gateway| match gateway {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(_) => None,
    });
    let Some(gateway) = gateways.next() else { return Ok(()) };
    Links::of(&namespace::of_process(run.process.pid)?)?.add_default_route(gateway)
}
