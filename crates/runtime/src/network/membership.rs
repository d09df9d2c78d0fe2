//! Who is in which network: addresses are given out before a container starts and come back at its end.
//!
//! `reserve`, then [`Reservation::connect`] as soon as the container's process exists, and `release` at its
//! end. Whoever is killed in between is cleaned up after by the next one, which calls `sweep`.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::bridge;
use super::error::NetworkError;
use super::hosts;
use super::leases::{Lease, cable_name};
use super::place::Place;
use super::record::{Bridge, NamedNetwork};
use super::reservation::Reservation;
use super::store::Networks;
use crate::container::Record;
use crate::host::IdMap;
use crate::process_id::{ProcessId, boot_id};

/// Who joins networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The container's id.
    pub container: String,
    /// What it is called there.
    pub names: Vec<String>,
    /// Its monitor.
    pub monitor: ProcessId,
}

impl Member {
    /// The container of this record; `monitor` looks after it.
    pub fn of(record: &Record, monitor: ProcessId) -> Self {
        let mut member = Member { container: record.id.clone(), names: Vec::new(), monitor };
        member.add_names([&record.spec.hostname, &record.name]);
        member.add_names([record.short_id()]);
        member.add_names(&record.spec.naming.aliases);
        member
    }

    /// More names; what is none, or known already, is left out.
    pub fn add_names(&mut self, names: impl IntoIterator<Item = impl AsRef<str>>) {
        for name in names {
            let name = name.as_ref();
            if hosts::is_host_name(name) && !self.names.iter().any(|known| known == name) {
                self.names.push(name.to_string());
            }
        }
    }
}

impl Networks {
    /// Reserve an address in each of these networks, whose bridges are made if they are not there.
    /// `address` is the one wanted in the first.
    pub fn reserve(
        &self,
        names: &[String],
        member: &Member,
        address: Option<Ipv4Addr>,
        ids: &IdMap,
    ) -> Result<Reservation, NetworkError> {
        if *ids != IdMap::Host {
            return Err(NetworkError::Rootless);
        }
        let place = self.place();
        let _lock = self.lock()?;
        self.release_all(&place, |lease| !self.is_held(lease))?;
        let mut wanted = address;
        let mut leases = Vec::new();
        for name in names {
            let network = bridge::raise(self, &place, self.find(name)?)?;
            let lease = self.lease(&network, member, wanted.take())?;
            leases.push((network, lease));
        }
        Ok(Reservation { networks: self.clone(), place, leases })
    }

    /// The container of this id has ended: cables, addresses and names go, and bridges nobody else uses.
    pub fn release(&self, container: &str) -> Result<(), NetworkError> {
        let _lock = self.lock()?;
        match self.is_member(container)? {
            true => self.release_all(&self.place(), |lease| lease.container == container),
            false => Ok(()),
        }
    }

    /// Do the same for all that were killed before they could.
    pub fn sweep(&self) -> Result<(), NetworkError> {
        let _lock = self.lock()?;
        self.release_all(&self.place(), |lease| !self.is_held(lease))
    }

    fn is_member(&self, container: &str) -> Result<bool, NetworkError> {
        for network in self.list()?.networks {
            if self.leases(&network)?.iter().any(|lease| lease.container == container) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Take an address of a network for a container.
    fn lease(
        &self,
        network: &NamedNetwork,
        member: &Member,
        wanted: Option<Ipv4Addr>,
    ) -> Result<Lease, NetworkError> {
        let (name, driver) = (network.name.clone(), network.driver_name());
        let bridge = network.bridge().ok_or(NetworkError::NotABridge { name, driver })?;
        let held = self.leases(network)?;
        if held.iter().any(|lease| lease.container == member.container) {
            let container = short(&member.container);
            return Err(NetworkError::Joined { container, network: network.name.clone() });
        }
        let lease = Lease {
            address: choose(network, bridge, &held, wanted)?,
            container: member.container.clone(),
            names: member.names.clone(),
            interface: self.free_interface(&member.container)?,
            cable: cable_name(network, &member.container),
            monitor: member.monitor,
            boot_id: boot_id(),
        };
        match self.take(network, &lease)? {
            true => Ok(lease),
            // A file of that name that is no lease: `release_all` frees it.
            false => Err(taken(network, lease.address, "a damaged lease")),
        }
    }

    /// `eth0`, or the next number this container has no interface of.
    fn free_interface(&self, container: &str) -> Result<String, NetworkError> {
        let mut used = Vec::new();
        for network in self.list()?.networks {
            let own = self.leases(&network)?.into_iter().filter(|lease| lease.container == container);
            used.extend(own.map(|lease| lease.interface));
        }
        let mut names = (0..=used.len()).map(|number| format!("eth{number}"));
        Ok(names.find(|name| !used.contains(name)).unwrap_or_default())
    }

    /// End the leases that are over, with all that hangs on them. The lock must be held.
    pub(super) fn release_all(
        &self,
        place: &Place,
        is_over: impl Fn(&Lease) -> bool,
    ) -> Result<(), NetworkError> {
        let (mut freed, mut empty) = (Vec::new(), Vec::new());
        for network in self.list()?.networks.into_iter().filter(|network| network.bridge().is_some()) {
            freed.extend(self.free(&network, &is_over)?);
            if self.leases(&network)?.is_empty() {
                empty.push(network.interface());
            }
        }
        let failed = NetworkError::cleaning;
        let links = place.links().map_err(failed)?;
        freed.iter().try_for_each(|lease| links.delete(&lease.cable)).map_err(failed)?;
        bridge::lower(place, &empty).map_err(failed)?;
        if freed.is_empty() { Ok(()) } else { self.tell_names() }
    }

    /// Write into the hosts file of every member who its neighbours are. The lock must be held.
    pub(super) fn tell_names(&self) -> Result<(), NetworkError> {
        let networks = self.list()?.networks;
        let leases = networks.iter().map(|network| self.leases(network)).collect::<Result<Vec<_>, _>>()?;
        let members = leases.iter().flatten().map(|lease| lease.container.as_str());
        for container in members.collect::<BTreeSet<_>>() {
            let path = self.root.join("containers").join(container).join("hosts");
            // What a container has made of its own file is its own loss.
            let _ = hosts::rewrite(&path, &hosts::lines(container, &leases));
        }
        Ok(())
    }
}

/// The wanted address, or the first free one.
fn choose(
    network: &NamedNetwork,
    bridge: &Bridge,
    held: &[Lease],
    wanted: Option<Ipv4Addr>,
) -> Result<Ipv4Addr, NetworkError> {
    let holder = |address: Ipv4Addr| held.iter().find(|lease| lease.address == address);
    let name = || network.name.clone();
    let Some(address) = wanted else {
        let mut hosts = bridge.subnet.hosts();
        let free = hosts.find(|address| *address != bridge.gateway && holder(*address).is_none());
        return free.ok_or_else(|| NetworkError::NoFreeAddress { network: name(), subnet: bridge.subnet });
    };
    match holder(address) {
        _ if !bridge.subnet.has_host(address) => {
            Err(NetworkError::AddressOutside { network: name(), address, subnet: bridge.subnet })
        }
        _ if address == bridge.gateway => Err(taken(network, address, "its gateway")),
        Some(lease) => Err(taken(network, address, &format!("container {}", short(&lease.container)))),
        None => Ok(address),
    }
}

fn taken(network: &NamedNetwork, address: Ipv4Addr, holder: &str) -> NetworkError {
    NetworkError::AddressTaken { network: network.name.clone(), address, holder: holder.to_string() }
}

fn short(id: &str) -> String {
    id.get(..12).unwrap_or(id).to_string()
}

#[cfg(test)]
mod tests {
    use super::super::record::Driver;
    use super::*;

    fn network(subnet: &str) -> NamedNetwork {
        let subnet: super::super::Subnet = subnet.parse().unwrap();
        let gateway = subnet.hosts().next().unwrap();
        NamedNetwork {
            id: "a".repeat(64),
            name: "back".into(),
            created: "2026-11-22T10:00:00Z".parse().unwrap(),
            driver: Driver::Bridge(Bridge { subnet, gateway, chosen: false, internal: false }),
            labels: Vec::new(),
        }
    }

    fn held(last: u8) -> Lease {
        Lease {
            address: [10, 1, 0, last].into(),
            container: "b".repeat(64),
            names: Vec::new(),
            interface: "eth0".into(),
            cable: "pv-0".into(),
            monitor: ProcessId { pid: 1, start: 1 },
            boot_id: String::new(),
        }
    }

    #[test]
    fn the_first_free_address_or_the_wanted_one() {
        let network = network("10.1.0.0/29");
        let choose = |held: &[Lease], wanted: Option<&str>| {
            let wanted = wanted.map(|text| text.parse().unwrap());
            let chosen = super::choose(&network, network.bridge().unwrap(), held, wanted);
            chosen.map(|address| address.to_string()).map_err(|error| error.to_string())
        };
        assert_eq!(choose(&[], None).unwrap(), "10.1.0.2");
        assert_eq!(choose(&[held(2), held(4)], None).unwrap(), "10.1.0.3");
        assert_eq!(choose(&[held(2)], Some("10.1.0.6")).unwrap(), "10.1.0.6");
        for (wanted, why) in [
            ("10.1.0.1", "its gateway"),
            ("10.1.0.2", "container bbbbbbbbbbbb"),
            ("10.1.0.7", "no address for a container"),
            ("10.2.0.2", "no address for a container"),
        ] {
            let refused = choose(&[held(2)], Some(wanted)).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        let full: Vec<Lease> = (2..7).map(held).collect();
        assert!(choose(&full, None).unwrap_err().contains("is free"));
    }

    #[test]
    fn names_that_are_none_are_left_out() {
        let monitor = ProcessId { pid: 1, start: 1 };
        let mut member = Member { container: String::new(), names: Vec::new(), monitor };
        member.add_names(["web", "a b", "", "web", "x\n1.2.3.4 evil", "www"]);
        assert_eq!(member.names, ["web", "www"]);
    }
}
