//! The networks of a store: one directory each, `network.json` in it.
//!
//! Readers take no lock: a network appears and goes away by rename, and its file is replaced by rename.
//! Whoever changes something holds a lock on the directory of all networks, for some milliseconds.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::FlockOperation;

use super::error::NetworkError;
use super::link::Links;
use super::place::Place;
use super::record::{Bridge, DEFAULT, Driver, HOST, NONE, NamedNetwork, RESERVED};
use super::subnet::{Subnet, free_subnets};
use super::wire;
use crate::container::name::{check_name, is_id_prefix, random_id};
use crate::container::store::root_of;
use crate::container::{Container, Directory};
use crate::store_directory::{make_private, names_in};

const RECORD: &str = "network.json";
/// Being made, and being removed; no name begins so. What killed commands left there goes with the next.
const DRAFT: &str = ".new";
const TRASH: &str = ".old";

/// The networks of one store.
#[derive(Debug, Clone)]
pub struct Networks {
    /// The store.
    pub(super) root: PathBuf,
    directory: PathBuf,
}

/// What a new network is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewNetwork {
    /// Its name.
    pub name: String,
    /// Its addresses; `None`: a subnet that is free.
    pub subnet: Option<Subnet>,
    /// The bridge's own address; `None`: the first one.
    pub gateway: Option<std::net::Ipv4Addr>,
    /// Nothing leads out.
    pub internal: bool,
    /// Labels.
    pub labels: Vec<(String, String)>,
}

/// Every network, by name, and those that cannot be read.
#[derive(Debug)]
pub struct NetworkListing {
    /// The networks.
    pub networks: Vec<NamedNetwork>,
    /// Names of damaged ones with what is wrong.
    pub damaged: Vec<(String, NetworkError)>,
}

/// Held by whoever changes something.
pub(super) struct Lock(#[allow(dead_code, reason = "it is the open file that holds the lock")] File);

impl Networks {
    /// The networks of the store at `root`; those that exist by themselves are made if they are missing.
    pub fn open(root: &Path) -> Result<Self, NetworkError> {
        let networks = Networks { root: root.to_path_buf(), directory: root.join("networks") };
        make_private(&networks.directory)?;
        if [DEFAULT, HOST, NONE].iter().any(|name| !networks.path(name).is_dir()) {
            networks.make_predefined()?;
        }
        Ok(networks)
    }

    /// Those of the store a container belongs to.
    pub(crate) fn around(container: &Container) -> Result<Self, NetworkError> {
        Networks::open(root_of(container))
    }

    /// Those of a store that has any.
    pub(crate) fn existing(root: &Path) -> Option<Self> {
        let directory = root.join("networks");
        directory.is_dir().then(|| Networks { root: root.to_path_buf(), directory })
    }

    fn make_predefined(&self) -> Result<(), NetworkError> {
        let _lock = self.lock()?;
        for name in [DEFAULT, HOST, NONE] {
            if self.path(name).is_dir() {
                continue;
            }
            let driver = match name {
                HOST => Driver::Host,
                NONE => Driver::Null,
                _ => self.bridge_of(&NewNetwork { name: name.to_string(), ..NewNetwork::default() })?,
            };
            self.put(name, driver, Vec::new(), Timestamp::now())?;
        }
        Ok(())
    }

    /// Make a network. Its bridge is made when the first container joins it.
    pub fn create(&self, new: &NewNetwork, now: Timestamp) -> Result<NamedNetwork, NetworkError> {
        let name = new.name.clone();
        if RESERVED.contains(&name.as_str()) {
            return Err(NetworkError::Predefined { name });
        }
        check_name(&name).map_err(|_| NetworkError::BadName { name: name.clone() })?;
        let _lock = self.lock()?;
        if self.path(&name).exists() {
            return Err(NetworkError::NameTaken { name });
        }
        let driver = self.bridge_of(new)?;
        self.put(&name, driver, new.labels.clone(), now)
    }

    /// Its bridge with addresses nobody else has.
    fn bridge_of(&self, new: &NewNetwork) -> Result<Driver, NetworkError> {
        let subnet = match new.subnet {
            Some(subnet) => {
                if let Some(other) = self.overlapping(&new.name, subnet)? {
                    let holder = format!("network {}", other.name);
                    return Err(NetworkError::SubnetTaken { network: new.name.clone(), subnet, holder });
                }
                subnet
            }
            None => self.free_subnet(&new.name, &[])?,
        };
        let gateway = new.gateway.or_else(|| subnet.hosts().next()).unwrap_or(subnet.address);
        if !subnet.has_host(gateway) {
            return Err(NetworkError::BadGateway { gateway, subnet });
        }
        let (chosen, internal) = (new.subnet.is_none(), new.internal);
        Ok(Driver::Bridge(Bridge { subnet, gateway, chosen, internal }))
    }

    /// A subnet without a route on this machine, of no other network, and none of these.
    pub(super) fn free_subnet(&self, network: &str, tried: &[Subnet]) -> Result<Subnet, NetworkError> {
        let routes = Links::here().and_then(|links| links.routes());
        let routes = routes.map_err(NetworkError::refused(network, "reading the routes of this machine"))?;
        let others = self.list()?.networks;
        let others = others.iter().filter(|other| other.name != network).filter_map(NamedNetwork::bridge);
        let mut taken: Vec<Subnet> = routes.iter().map(|route| route.to).collect();
        taken.extend(others.map(|bridge| bridge.subnet));
        taken.extend(tried);
        let is_taken = |wanted: &Subnet| taken.iter().any(|subnet| subnet.overlaps(wanted));
        let free = free_subnets(network == DEFAULT, is_taken).next();
        free.ok_or_else(|| NetworkError::NoFreeSubnet { network: network.to_string() })
    }

    fn overlapping(&self, network: &str, subnet: Subnet) -> Result<Option<NamedNetwork>, NetworkError> {
        let overlaps =
            |other: &NamedNetwork| other.bridge().is_some_and(|bridge| bridge.subnet.overlaps(&subnet));
        Ok(self.list()?.networks.into_iter().find(|other| other.name != network && overlaps(other)))
    }

    /// Put a new network in its place.
    fn put(
        &self,
        name: &str,
        driver: Driver,
        labels: Vec<(String, String)>,
        created: Timestamp,
    ) -> Result<NamedNetwork, NetworkError> {
        let network = NamedNetwork { id: random_id()?, name: name.to_string(), created, driver, labels };
        let draft = self.directory.join(DRAFT);
        delete(&draft)?;
        make_private(&draft.join("leases"))?;
        write_record(&draft, &network)?;
        let place = self.path(name);
        rustix::fs::rename(&draft, &place).map_err(NetworkError::at("put in place", &place))?;
        Ok(network)
    }

    /// Write a network down again; the lock must be held.
    pub(super) fn replace(&self, network: &NamedNetwork) -> Result<(), NetworkError> {
        write_record(&self.path(&network.name), network)
    }

    /// Every network, by name.
    pub fn list(&self) -> Result<NetworkListing, NetworkError> {
        let mut listing = NetworkListing { networks: Vec::new(), damaged: Vec::new() };
        let mut names = names_in(&self.directory)?;
        names.retain(|name| check_name(name).is_ok());
        names.sort();
        for name in names {
            match self.read(&name) {
                Ok(network) => listing.networks.push(network),
                // Removed since the directory was read.
                Err(NetworkError::NotFound { .. }) => {}
                Err(error) => listing.damaged.push((name, error)),
            }
        }
        Ok(listing)
    }

    /// The network with this id, this name, or the only one whose id begins so: docker's order.
    pub fn find(&self, key: &str) -> Result<NamedNetwork, NetworkError> {
        let networks = self.list()?.networks;
        if let Some(network) = networks.iter().find(|network| network.id == key) {
            return Ok(network.clone());
        }
        match self.read(key) {
            Err(NetworkError::NotFound { key }) if is_id_prefix(&key) => only_one(&key, networks),
            result => result,
        }
    }

    fn read(&self, name: &str) -> Result<NamedNetwork, NetworkError> {
        let not_found = || NetworkError::NotFound { key: name.to_string() };
        check_name(name).map_err(|_| not_found())?;
        let directory = self.path(name);
        let path = directory.join(RECORD);
        let damaged = |why| NetworkError::Damaged { path: path.clone(), why };
        match Directory::new(&directory).read(RECORD)? {
            Some(bytes) => match wire::read_network(&bytes).map_err(damaged)? {
                network if network.name == name => Ok(network),
                network => Err(damaged(format!("it speaks of network '{}'", network.name))),
            },
            None if directory.is_dir() => Err(damaged("it is missing".into())),
            None => Err(not_found()),
        }
    }

    /// Remove a network that no container is in.
    pub fn remove(&self, network: &NamedNetwork) -> Result<(), NetworkError> {
        if network.is_predefined() {
            return Err(NetworkError::Predefined { name: network.name.clone() });
        }
        let _lock = self.lock()?;
        self.release_all(&self.place(), |lease| !self.is_held(lease))?;
        let members: Vec<String> = self.leases(network)?.iter().map(|lease| self.name_of(lease)).collect();
        if !members.is_empty() {
            return Err(NetworkError::InUse { name: network.name.clone(), members });
        }
        self.discard(&network.name)
    }

    /// Remove what cannot be read as a network; `name` is one of [`NetworkListing::damaged`].
    pub fn remove_damaged(&self, name: &str) -> Result<(), NetworkError> {
        let _lock = self.lock()?;
        self.discard(name)
    }

    /// Take a network away; the lock must be held.
    fn discard(&self, name: &str) -> Result<(), NetworkError> {
        let trash = self.directory.join(TRASH);
        delete(&trash)?;
        let place = self.path(name);
        rustix::fs::rename(&place, &trash).map_err(NetworkError::at("remove", &place))?;
        delete(&trash)
    }

    /// Where the bridges are, if there are any.
    pub(super) fn place(&self) -> Place {
        Place::Here
    }

    /// The directory of a network.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Wait until nobody else changes anything.
    pub(super) fn lock(&self) -> Result<Lock, NetworkError> {
        let failed = || NetworkError::at::<io::Error>("lock", &self.directory);
        let file = File::open(&self.directory).map_err(failed())?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive).map_err(|errno| failed()(errno.into()))?;
        Ok(Lock(file))
    }
}

fn only_one(key: &str, networks: Vec<NamedNetwork>) -> Result<NamedNetwork, NetworkError> {
    let mut matches: Vec<_> = networks.into_iter().filter(|network| network.id.starts_with(key)).collect();
    match matches.len() {
        0 => Err(NetworkError::NotFound { key: key.to_string() }),
        1 => Ok(matches.remove(0)),
        _ => {
            let matches = matches.iter().map(|network| network.short_id().to_string()).collect();
            Err(NetworkError::Ambiguous { key: key.to_string(), matches })
        }
    }
}

fn write_record(directory: &Path, network: &NamedNetwork) -> Result<(), NetworkError> {
    let damaged = |why| NetworkError::Damaged { path: directory.join(RECORD), why };
    let bytes = wire::write_network(network).map_err(damaged)?;
    Ok(Directory::new(directory).write(RECORD, &bytes)?)
}

/// Delete a directory of ours; fine if it is not there.
fn delete(path: &Path) -> Result<(), NetworkError> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NetworkError::at("delete", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn store() -> (tempfile::TempDir, Networks) {
        let temporary = tempfile::tempdir().unwrap();
        let networks = Networks::open(temporary.path()).unwrap();
        (temporary, networks)
    }

    fn named(name: &str) -> NewNetwork {
        NewNetwork { name: name.into(), ..NewNetwork::default() }
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    fn names(networks: &Networks) -> Vec<String> {
        networks.list().unwrap().networks.into_iter().map(|network| network.name).collect()
    }

    #[test]
    fn create_find_list_discard() {
        let (temporary, networks) = store();
        assert_eq!(names(&networks), ["bridge", "host", "none"]);
        let back = networks.create(&named("back"), now()).unwrap();
        assert_eq!(networks.find("back").unwrap(), back);
        assert_eq!(networks.find(&back.id).unwrap(), back);
        assert_eq!(networks.find(&back.id[..20]).unwrap(), back);
        assert_eq!(back.interface().len(), 15);
        for unknown in ["", "..", "bakc", ".new", "a/b"] {
            assert!(matches!(networks.find(unknown), Err(NetworkError::NotFound { .. })), "{unknown}");
        }
        let taken = networks.create(&named("back"), now()).unwrap_err();
        assert!(matches!(taken, NetworkError::NameTaken { .. }));
        networks.remove(&back).unwrap();
        // Those that exist by themselves are there once.
        let again = Networks::open(temporary.path()).unwrap();
        assert_eq!(names(&again), ["bridge", "host", "none"]);
        assert_eq!(again.find("bridge").unwrap(), networks.find("bridge").unwrap());
    }

    #[test]
    fn names_are_dockers_and_the_predefined_ones_stay_what_they_are() {
        let (_temporary, networks) = store();
        for name in ["bridge", "host", "none", "default", "private"] {
            let refused = networks.create(&named(name), now()).unwrap_err();
            assert!(matches!(refused, NetworkError::Predefined { .. }), "{name}");
        }
        let default = networks.find("bridge").unwrap();
        assert!(matches!(networks.remove(&default), Err(NetworkError::Predefined { .. })));
        for name in ["", "-a", ".a", "a/b", "a b", "container:x"] {
            let refused = networks.create(&named(name), now()).unwrap_err();
            assert!(matches!(refused, NetworkError::BadName { .. }), "{name}");
        }
    }

    #[test]
    fn subnets_of_a_store_do_not_overlap() {
        let (_temporary, networks) = store();
        let subnet = |network: &NamedNetwork| network.bridge().unwrap().subnet;
        let first = networks.create(&named("one"), now()).unwrap();
        let second = networks.create(&named("two"), now()).unwrap();
        assert!(!subnet(&first).overlaps(&subnet(&second)));
        let asked = NewNetwork { subnet: Some(subnet(&first)), ..named("three") };
        let refused = networks.create(&asked, now()).unwrap_err().to_string();
        assert!(refused.contains("network one"), "{refused}");

        let wanted = NewNetwork { subnet: Some("172.31.9.0/24".parse().unwrap()), ..named("four") };
        let fourth = networks.create(&wanted, now()).unwrap();
        assert_eq!(fourth.bridge().unwrap().gateway, Ipv4Addr::new(172, 31, 9, 1));
        let outside = NewNetwork { gateway: Some(Ipv4Addr::new(172, 31, 8, 0)), ..named("five") };
        let outside = NewNetwork { subnet: Some("172.31.8.0/24".parse().unwrap()), ..outside };
        let refused = networks.create(&outside, now()).unwrap_err();
        assert!(matches!(refused, NetworkError::BadGateway { .. }));
    }

    #[test]
    fn one_damaged_network_does_not_hide_the_others() {
        let (_temporary, networks) = store();
        networks.create(&named("bad"), now()).unwrap();
        std::fs::write(networks.path("bad").join(RECORD), "{").unwrap();
        let listing = networks.list().unwrap();
        assert_eq!(listing.networks.len(), 3);
        assert_eq!(listing.damaged[0].0, "bad");
        assert!(matches!(networks.find("bad"), Err(NetworkError::Damaged { .. })));
        networks.remove_damaged("bad").unwrap();
        assert!(networks.list().unwrap().damaged.is_empty());
    }

    #[test]
    fn of_many_who_want_a_name_one_gets_it() {
        let (_temporary, networks) = store();
        let made: usize = std::thread::scope(|scope| {
            let tries: Vec<_> =
                (0..8).map(|_| scope.spawn(|| networks.create(&named("one"), now()).is_ok())).collect();
            tries.into_iter().map(|attempt| usize::from(attempt.join().unwrap())).sum()
        });
        assert_eq!(made, 1);
    }
}
