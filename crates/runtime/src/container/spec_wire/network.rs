//! Network, ports and names as they stand in `record.json`.

use std::net::IpAddr;

use plimsoll_model::launch::{HostEntry, Naming, Publish};
use plimsoll_model::{Network, UserModeProgram};
use serde::{Deserialize, Serialize};

use super::port;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NetworkWire {
    None,
    Host,
    Private,
    UserMode(ProgramWire),
    Joined(Vec<String>),
    Container(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ProgramWire {
    Pasta,
    Slirp4netns,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PublishWire {
    host_ip: IpAddr,
    host_port: Option<u16>,
    #[serde(default)]
    further_ports: u16,
    container: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NamingWire {
    hosts: Vec<(String, Option<IpAddr>)>,
    servers: Vec<IpAddr>,
    search: Vec<String>,
    options: Vec<String>,
    aliases: Vec<String>,
}

pub(super) fn to_wire(network: &Network) -> NetworkWire {
    match network {
        Network::None => NetworkWire::None,
        Network::Host => NetworkWire::Host,
        Network::Private => NetworkWire::Private,
        Network::UserMode(UserModeProgram::Pasta) => NetworkWire::UserMode(ProgramWire::Pasta),
        Network::UserMode(UserModeProgram::Slirp4netns) => NetworkWire::UserMode(ProgramWire::Slirp4netns),
        Network::Joined(names) => NetworkWire::Joined(names.clone()),
        Network::Container(id) => NetworkWire::Container(id.clone()),
    }
}

pub(super) fn from_wire(wire: NetworkWire) -> Network {
    match wire {
        NetworkWire::None => Network::None,
        NetworkWire::Host => Network::Host,
        NetworkWire::Private => Network::Private,
        NetworkWire::UserMode(ProgramWire::Pasta) => Network::UserMode(UserModeProgram::Pasta),
        NetworkWire::UserMode(ProgramWire::Slirp4netns) => Network::UserMode(UserModeProgram::Slirp4netns),
        NetworkWire::Joined(names) => Network::Joined(names),
        NetworkWire::Container(id) => Network::Container(id),
    }
}

pub(super) fn publish_to_wire(publish: &Publish) -> PublishWire {
    PublishWire {
        host_ip: publish.host_ip,
        host_port: publish.host_port,
        further_ports: publish.further_ports,
        container: publish.container.to_string(),
    }
}

pub(super) fn publish_from_wire(wire: PublishWire) -> Result<Publish, String> {
    let PublishWire { host_ip, host_port, further_ports, container } = wire;
    Ok(Publish { host_ip, host_port, further_ports, container: port(&container)? })
}

pub(super) fn naming_to_wire(naming: &Naming) -> NamingWire {
    NamingWire {
        hosts: naming.hosts.iter().map(|entry| (entry.name.clone(), entry.address)).collect(),
        servers: naming.servers.clone(),
        search: naming.search.clone(),
        options: naming.options.clone(),
        aliases: naming.aliases.clone(),
    }
}

pub(super) fn naming_from_wire(wire: NamingWire) -> Naming {
    Naming {
        hosts: wire.hosts.into_iter().map(|(name, address)| HostEntry { name, address }).collect(),
        servers: wire.servers,
        search: wire.search,
        options: wire.options,
        aliases: wire.aliases,
    }
}
