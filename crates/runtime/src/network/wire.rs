//! The state files of networks as JSON, each with its schema and version.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::leases::Lease;
use super::record::{Bridge, Driver, NamedNetwork};
use super::subnet::Subnet;
use crate::container::name::is_id;
use crate::container::wire::{read, write};
use crate::process_id::ProcessId;

const NETWORK_SCHEMA: &str = "plimsoll.network/1";
const LEASE_SCHEMA: &str = "plimsoll.lease/1";

#[derive(Serialize, Deserialize)]
struct NetworkWire {
    id: String,
    name: String,
    created: Timestamp,
    driver: DriverWire,
    labels: Vec<(String, String)>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum DriverWire {
    Bridge { subnet: String, gateway: Ipv4Addr, chosen: bool, internal: bool },
    Host,
    Null,
}

/// `network.json`.
pub(super) fn write_network(network: &NamedNetwork) -> Result<Vec<u8>, String> {
    let driver = match network.driver {
        Driver::Bridge(Bridge { subnet, gateway, chosen, internal }) => {
            DriverWire::Bridge { subnet: subnet.to_string(), gateway, chosen, internal }
        }
        Driver::Host => DriverWire::Host,
        Driver::Null => DriverWire::Null,
    };
    let (id, name) = (network.id.clone(), network.name.clone());
    let labels = network.labels.clone();
    write(NETWORK_SCHEMA, NetworkWire { id, name, created: network.created, driver, labels })
}

/// Read `network.json`.
pub(super) fn read_network(bytes: &[u8]) -> Result<NamedNetwork, String> {
    let wire: NetworkWire = read(NETWORK_SCHEMA, bytes)?;
    if !is_id(&wire.id) {
        return Err(format!("'{}' is no id", wire.id));
    }
    let driver = match wire.driver {
        DriverWire::Bridge { subnet, gateway, chosen, internal } => {
            let subnet: Subnet = subnet.parse()?;
            if !subnet.has_host(gateway) {
                return Err(format!("its gateway {gateway} does not lie in {subnet}"));
            }
            Driver::Bridge(Bridge { subnet, gateway, chosen, internal })
        }
        DriverWire::Host => Driver::Host,
        DriverWire::Null => Driver::Null,
    };
    let NetworkWire { id, name, created, labels, .. } = wire;
    Ok(NamedNetwork { id, name, created, driver, labels })
}

#[derive(Serialize, Deserialize)]
struct LeaseWire {
    container: String,
    names: Vec<String>,
    interface: String,
    cable: String,
    monitor: (u32, u64),
    boot_id: String,
}

/// A file of `leases`, whose name is the address.
pub(super) fn write_lease(lease: &Lease) -> Result<Vec<u8>, String> {
    let wire = LeaseWire {
        container: lease.container.clone(),
        names: lease.names.clone(),
        interface: lease.interface.clone(),
        cable: lease.cable.clone(),
        monitor: (lease.monitor.pid, lease.monitor.start),
        boot_id: lease.boot_id.clone(),
    };
    write(LEASE_SCHEMA, wire)
}

/// Read the lease of an address.
pub(super) fn read_lease(address: Ipv4Addr, bytes: &[u8]) -> Result<Lease, String> {
    let wire: LeaseWire = read(LEASE_SCHEMA, bytes)?;
    let LeaseWire { container, names, interface, cable, monitor: (pid, start), boot_id } = wire;
    Ok(Lease { address, container, names, interface, cable, monitor: ProcessId { pid, start }, boot_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(driver: Driver) -> NamedNetwork {
        NamedNetwork {
            id: "a".repeat(64),
            name: "back".into(),
            created: "2026-11-22T10:00:00.123456789Z".parse().unwrap(),
            driver,
            labels: vec![("a".into(), "b".into())],
        }
    }

    fn bridge() -> Driver {
        let subnet: Subnet = "10.1.0.0/16".parse().unwrap();
        Driver::Bridge(Bridge { subnet, gateway: Ipv4Addr::new(10, 1, 0, 1), chosen: true, internal: true })
    }

    #[test]
    fn what_is_written_can_be_read() {
        for driver in [bridge(), Driver::Host, Driver::Null] {
            let network = network(driver);
            assert_eq!(read_network(&write_network(&network).unwrap()).unwrap(), network);
        }
        let lease = Lease {
            address: Ipv4Addr::new(10, 1, 0, 2),
            container: "b".repeat(64),
            names: vec!["web".into()],
            interface: "eth0".into(),
            cable: "pv-bbbbbbbbaaaa".into(),
            monitor: ProcessId { pid: 7, start: 8 },
            boot_id: "boot".into(),
        };
        assert_eq!(read_lease(lease.address, &write_lease(&lease).unwrap()).unwrap(), lease);
    }

    #[test]
    fn hostile_bytes_are_refused_with_a_reason() {
        let good = String::from_utf8(write_network(&network(bridge())).unwrap()).unwrap();
        for (old, new) in [
            ("network/1", "network/2"),
            ("10.1.0.0/16", "10.1.0.0/99"),
            ("10.1.0.1", "10.2.0.1"),
            ("10.1.0.1", "10.1.0.0"),
            ("\"bridge\"", "\"bride\""),
            ("aaaaaaaa", "../../.."),
        ] {
            assert!(read_network(good.replacen(old, new, 1).as_bytes()).is_err(), "{new}");
        }
        for bad in [&b""[..], b"[]", b"{}", b"\xff"] {
            assert!(read_network(bad).is_err());
            assert!(read_lease(Ipv4Addr::LOCALHOST, bad).is_err());
        }
    }
}
