//! A network's bridge: made when the first container joins, gone with the last.

use std::io;

use rustix::io::Errno;

use super::error::NetworkError;
use super::firewall;
use super::link::Links;
use super::place::Place;
use super::record::{Bridge, Driver, NamedNetwork};
use super::store::Networks;
use super::subnet::Subnet;

/// Make the bridge of a network if it is not there, and let its traffic pass. The lock must be held.
/// Returns the network as it is now: a subnet of our choice that somebody has taken since is given up
/// for another one.
pub(super) fn raise(
    networks: &Networks,
    place: &Place,
    network: NamedNetwork,
) -> Result<NamedNetwork, NetworkError> {
    let Driver::Bridge(bridge) = network.driver else {
        let driver = network.driver_name();
        return Err(NetworkError::NotABridge { name: network.name, driver });
    };
    let name = network.name.clone();
    let refused = |doing| NetworkError::refused(&name, doing);
    let links = place.links().map_err(refused("asking for interfaces"))?;
    let stands =
        is_standing(&links, &network.interface(), &bridge).map_err(refused("looking at its bridge"))?;
    let network = if stands { network } else { build(networks, &links, network, bridge)? };
    firewall::admit(place, &network.interface(), bridge.internal).map_err(refused("setting its rules"))?;
    if !bridge.internal {
        place.inside(forward_packets).map_err(refused("switching net.ipv4.ip_forward on"))?;
    }
    Ok(network)
}

/// Take bridges away, then what the rules say of them. The lock must be held.
pub(super) fn lower(place: &Place, interfaces: &[String]) -> io::Result<()> {
    let links = place.links()?;
    let there: Vec<String> = links.all()?.into_iter().map(|link| link.name).collect();
    let mut gone = interfaces.iter().filter(|name| there.contains(name)).peekable();
    if gone.peek().is_none() {
        return Ok(());
    }
    gone.try_for_each(|name| links.delete(name))?;
    firewall::sweep(place)
}

/// The bridge is there with all it needs; its address is what it gets last.
fn is_standing(links: &Links, interface: &str, bridge: &Bridge) -> io::Result<bool> {
    let Some(link) = links.find(interface)? else { return Ok(false) };
    Ok(links.addresses(link.index)?.contains(&(bridge.gateway, bridge.subnet.prefix)))
}

fn build(
    networks: &Networks,
    links: &Links,
    mut network: NamedNetwork,
    mut bridge: Bridge,
) -> Result<NamedNetwork, NetworkError> {
    let (name, interface) = (network.name.clone(), network.interface());
    let refused = |doing| NetworkError::refused(&name, doing);
    let alias = format!("plimsoll network {name} of {}", networks.root.display());
    let index = make(links, &interface, &alias).map_err(refused("making a bridge"))?;
    let mut tried = Vec::new();
    while let Some(holder) = claim(links, index, bridge.subnet).map_err(refused("setting its route"))? {
        let subnet = bridge.subnet;
        if !bridge.chosen {
            links.delete(&interface).map_err(refused("removing its bridge"))?;
            return Err(NetworkError::SubnetTaken { network: name, subnet, holder });
        }
        tried.push(subnet);
        bridge.subnet = networks.free_subnet(&name, &tried)?;
        bridge.gateway = bridge.subnet.hosts().next().unwrap_or(bridge.gateway);
    }
    if network.driver != Driver::Bridge(bridge) {
        network.driver = Driver::Bridge(bridge);
        networks.replace(&network)?;
    }
    let (gateway, prefix) = (bridge.gateway.into(), bridge.subnet.prefix);
    links.add_address(index, gateway, prefix).map_err(refused("giving its bridge an address"))?;
    Ok(network)
}

/// A bridge that is switched on; its number. What a killed command left half made is made anew.
fn make(links: &Links, interface: &str, alias: &str) -> io::Result<u32> {
    links.delete(interface)?;
    links.add_bridge(interface)?;
    let link = links.find(interface)?.ok_or(io::ErrorKind::NotFound)?;
    links.set_alias(link.index, alias)?;
    links.set_up(link.index)?;
    Ok(link.index)
}

/// Take a subnet for an interface; the name of the interface that has it already, if one does.
fn claim(links: &Links, index: u32, subnet: Subnet) -> io::Result<Option<String>> {
    match links.claim(subnet, index) {
        Ok(()) => Ok(None),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => {
            let route = links.routes()?.into_iter().find(|route| route.to == subnet);
            let holder = route.and_then(|route| route.interface);
            let mut all = links.all()?.into_iter();
            let link = all.find(|link| Some(link.index) == holder);
            Ok(Some(link.map_or("another route".to_string(), |link| format!("interface {}", link.name))))
        }
        Err(error) => Err(error),
    }
}

/// A host that forwards nothing lets no container out. As docker does, it is switched on for the whole
/// host and stays on: off again it could cut somebody else off who has come to rely on it.
fn forward_packets() -> io::Result<()> {
    const SETTING: &str = "/proc/sys/net/ipv4/ip_forward";
    match std::fs::read_to_string(SETTING)?.trim() {
        "0" => std::fs::write(SETTING, "1"),
        _ => Ok(()),
    }
}
