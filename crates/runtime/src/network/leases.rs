//! Which container has which address of a network: one file an address, in the network's directory,
//! that only one can make.
//!
//! A lease says by whom it is held, so that whoever comes later can tell a living holder from one that
//! was killed.

use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::NetworkError;
use super::record::NamedNetwork;
use super::store::Networks;
use super::wire;
use crate::container::{Attachment, Container, Directory};
use crate::process_id::{ProcessId, boot_id};
use crate::store_directory::names_in;

/// An address and who has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// Id of the container.
    pub container: String,
    /// What it is called in this network: its host name first, then its own name, short id, aliases.
    pub names: Vec<String>,
    /// The interface inside the container.
    pub interface: String,
    /// The other end of its cable.
    pub cable: String,
    /// The monitor that holds the lease while the container is not running yet.
    pub monitor: ProcessId,
    /// The boot the monitor belongs to.
    pub boot_id: String,
}

impl Lease {
    /// The hardware address of the interface, docker's: made of the address, so that a neighbour who has
    /// talked to the last holder talks to the next one.
    pub fn mac(&self) -> [u8; 6] {
        let [a, b, c, d] = self.address.octets();
        [0x02, 0x42, a, b, c, d]
    }

    /// The container's place in the network.
    pub fn attachment(&self, network: &NamedNetwork) -> Option<Attachment> {
        let bridge = network.bridge()?;
        Some(Attachment {
            network: network.name.clone(),
            interface: self.interface.clone(),
            address: self.address.into(),
            prefix: bridge.subnet.prefix,
            gateway: (!bridge.internal).then_some(bridge.gateway.into()),
            mac: self.mac(),
        })
    }
}

/// Where the other end of a container's cable to a network is plugged in: a name of 15 characters.
pub(super) fn cable_name(network: &NamedNetwork, container: &str) -> String {
    let first = |id: &str, length| id.get(..length).unwrap_or_default().to_string();
    format!("pv-{}{}", first(container, 8), first(&network.id, 4))
}

impl Networks {
    /// The leases of a network, by address. What cannot be read is left out: [`Networks::sweep`] frees it.
    pub fn leases(&self, network: &NamedNetwork) -> Result<Vec<Lease>, NetworkError> {
        let directory = self.lease_directory(&network.name);
        let mut leases = Vec::new();
        for address in lease_addresses(&directory)? {
            leases.extend(read(&directory, address).ok().flatten());
        }
        Ok(leases)
    }

    /// Take an address: false if somebody has it. The file appears with its content or not at all.
    pub(super) fn take(&self, network: &NamedNetwork, lease: &Lease) -> Result<bool, NetworkError> {
        let directory = self.lease_directory(&network.name);
        let path = directory.join(lease.address.to_string());
        let draft = directory.join(format!(".{}", lease.container));
        let damaged = |why| NetworkError::Damaged { path: path.clone(), why };
        let bytes = wire::write_lease(lease).map_err(damaged)?;
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let written = options.open(&draft).and_then(|mut file| std::io::Write::write_all(&mut file, &bytes));
        written.map_err(NetworkError::at("write", &draft))?;
        let taken = std::fs::hard_link(&draft, &path);
        // Left behind it would be overwritten by the next draft of this container.
        let _ = std::fs::remove_file(&draft);
        match taken {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(NetworkError::at("write", &path)(error)),
        }
    }

    /// Give up the leases that `is_over` says so of, and those that cannot be read; returns the former.
    pub(super) fn free(
        &self,
        network: &NamedNetwork,
        is_over: impl Fn(&Lease) -> bool,
    ) -> Result<Vec<Lease>, NetworkError> {
        let directory = self.lease_directory(&network.name);
        let mut freed = Vec::new();
        for address in lease_addresses(&directory)? {
            let lease = read(&directory, address).unwrap_or(None);
            if lease.as_ref().is_none_or(&is_over) {
                let path = directory.join(address.to_string());
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(NetworkError::at("remove", &path)(error));
                    }
                    _ => freed.extend(lease),
                }
            }
        }
        Ok(freed)
    }

    /// Somebody still needs the lease: the monitor that took it, or the container after its monitor was
    /// killed.
    pub(super) fn is_held(&self, lease: &Lease) -> bool {
        let running = || {
            let container = Container::open(&self.root.join("containers").join(&lease.container));
            container.and_then(|container| container.state()).is_ok_and(|state| state.is_active())
        };
        lease.boot_id == boot_id() && (lease.monitor.is_alive() || running())
    }

    /// The name of the container that holds a lease, or its id.
    pub fn name_of(&self, lease: &Lease) -> String {
        let short = lease.container.get(..12).unwrap_or(&lease.container);
        match Container::open(&self.root.join("containers").join(&lease.container)) {
            Ok(container) => container.name().to_string(),
            Err(_) => short.to_string(),
        }
    }

    fn lease_directory(&self, network: &str) -> PathBuf {
        self.path(network).join("leases")
    }
}

/// The addresses a network has leases of, in order.
fn lease_addresses(directory: &Path) -> Result<Vec<Ipv4Addr>, NetworkError> {
    let names = match names_in(directory) {
        // Removed since the network was read.
        Err(_) if !directory.exists() => Vec::new(),
        names => names?,
    };
    let mut addresses: Vec<Ipv4Addr> = names.iter().filter_map(|name| name.parse().ok()).collect();
    addresses.sort();
    Ok(addresses)
}

fn read(directory: &Path, address: Ipv4Addr) -> Result<Option<Lease>, NetworkError> {
    let path = directory.join(address.to_string());
    let Some(bytes) = Directory::new(directory).read(&address.to_string())? else { return Ok(None) };
    wire::read_lease(address, &bytes).map(Some).map_err(|why| NetworkError::Damaged { path, why })
}

#[cfg(test)]
mod tests {
    use super::super::store::NewNetwork;
    use super::*;

    fn lease(last: u8, container: &str) -> Lease {
        Lease {
            address: Ipv4Addr::new(10, 9, 0, last),
            container: container.repeat(64),
            names: vec!["web".into()],
            interface: "eth0".into(),
            cable: "pv-0".into(),
            monitor: ProcessId::own().unwrap(),
            boot_id: boot_id(),
        }
    }

    fn store() -> (tempfile::TempDir, Networks, NamedNetwork) {
        let temporary = tempfile::tempdir().unwrap();
        let networks = Networks::open(temporary.path()).unwrap();
        let new = NewNetwork { name: "back".into(), ..NewNetwork::default() };
        let network = networks.create(&new, "2026-11-22T10:00:00Z".parse().unwrap()).unwrap();
        (temporary, networks, network)
    }

    #[test]
    fn an_address_has_one_holder() {
        let (_temporary, networks, network) = store();
        assert!(networks.take(&network, &lease(2, "a")).unwrap());
        assert!(!networks.take(&network, &lease(2, "b")).unwrap());
        assert!(networks.take(&network, &lease(10, "b")).unwrap());
        assert_eq!(networks.leases(&network).unwrap(), [lease(2, "a"), lease(10, "b")]);
        let freed = networks.free(&network, |held| held.container.starts_with('a')).unwrap();
        assert_eq!(freed, [lease(2, "a")]);
        assert_eq!(networks.leases(&network).unwrap(), [lease(10, "b")]);
    }

    #[test]
    fn a_lease_is_over_with_its_monitor_or_its_boot() {
        let (_temporary, networks, _) = store();
        let held = lease(2, "a");
        assert!(networks.is_held(&held));
        let monitor = ProcessId { start: held.monitor.start + 1, ..held.monitor };
        assert!(!networks.is_held(&Lease { monitor, ..held.clone() }));
        assert!(!networks.is_held(&Lease { boot_id: "another".into(), ..held }));
    }

    #[test]
    fn a_damaged_lease_hides_no_other_and_is_freed() {
        let (_temporary, networks, network) = store();
        networks.take(&network, &lease(3, "a")).unwrap();
        let damaged = networks.path("back").join("leases/10.9.0.2");
        std::fs::write(&damaged, "{").unwrap();
        assert_eq!(networks.leases(&network).unwrap().len(), 1);
        assert_eq!(networks.free(&network, |_| false).unwrap(), []);
        assert!(!damaged.exists());
        assert_eq!(networks.leases(&network).unwrap().len(), 1);
    }

    #[test]
    fn hardware_addresses_and_cables_have_names_that_fit() {
        assert_eq!(lease(2, "a").mac(), [2, 0x42, 10, 9, 0, 2]);
        let (_temporary, _, network) = store();
        assert_eq!(cable_name(&network, &"a".repeat(64)).len(), 15);
        assert_eq!(network.interface().len(), 15);
    }
}
