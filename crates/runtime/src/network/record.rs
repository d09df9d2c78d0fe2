//! One network: what is written down of it.

use std::net::Ipv4Addr;

use jiff::Timestamp;

use super::subnet::Subnet;

/// docker's name of the network a container joins when none is asked for.
pub const DEFAULT: &str = "bridge";
/// docker's names for the host's network and for none.
pub const HOST: &str = "host";
/// See [`HOST`].
pub const NONE: &str = "none";

/// Words of `--network` that no network can be called.
pub(super) const RESERVED: [&str; 5] = [DEFAULT, HOST, NONE, "default", "private"];

/// A network of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedNetwork {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created: Timestamp,
    /// What it is made of.
    pub driver: Driver,
    /// Labels, in the order given.
    pub labels: Vec<(String, String)>,
}

/// What a network is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// A bridge of its own.
    Bridge(Bridge),
    /// The host's interfaces.
    Host,
    /// Nothing but loopback.
    Null,
}

/// A bridge and the addresses behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bridge {
    /// The addresses.
    pub subnet: Subnet,
    /// The bridge's own.
    pub gateway: Ipv4Addr,
    /// We chose the subnet: it may change when somebody else has taken it.
    pub chosen: bool,
    /// Nothing leads out.
    pub internal: bool,
}

impl NamedNetwork {
    /// docker's word for the driver.
    pub fn driver_name(&self) -> &'static str {
        match self.driver {
            Driver::Bridge(_) => "bridge",
            Driver::Host => "host",
            Driver::Null => "null",
        }
    }

    /// The bridge, if it has one.
    pub fn bridge(&self) -> Option<&Bridge> {
        match &self.driver {
            Driver::Bridge(bridge) => Some(bridge),
            Driver::Host | Driver::Null => None,
        }
    }

    /// Exists by itself and stays.
    pub fn is_predefined(&self) -> bool {
        RESERVED.contains(&self.name.as_str())
    }

    /// The id as it is shown: its first 12 digits.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Name of its bridge: an interface's name has 15 characters, and ids of all stores differ.
    pub fn interface(&self) -> String {
        format!("pl-{}", self.short_id())
    }
}
