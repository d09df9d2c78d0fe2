//! Interfaces, addresses and routes of one network namespace (rtnetlink(7)).

mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::namespace;
use super::netlink::{Message, Netlink, Reply, Subsystem, attributes, number, text};
use super::subnet::Subnet;
use wire::{Family, address, address_body, link, link_body, route, route_body};

/// Index of the loopback interface in every network namespace (LOOPBACK_IFINDEX).
pub(crate) const LOOPBACK: u32 = 1;
/// Longest alias of an interface (IFALIASZ, less its end).
const LONGEST_ALIAS: usize = 255;

/// The interfaces of one network namespace.
#[derive(Debug)]
pub(crate) struct Links {
    kernel: Netlink,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Frames pass.
    pub operational: bool,
    /// `bridge`, `veth`; empty for a device.
    pub kind: String,
}

/// The two ends of a virtual cable.
#[derive(Debug)]
pub(crate) struct Cable<'a> {
    /// Name of our end.
    pub near: &'a str,
    /// The bridge our end is plugged into.
    pub bridge: u32,
    /// Name of the other end.
    pub far: &'a str,
    /// Hardware address of the other end.
    pub mac: [u8; 6],
    /// Where the other end lies.
    pub namespace: &'a OwnedFd,
}

/// A route for IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// What it leads to.
    pub to: Subnet,
    /// The interface it leaves by, if only one.
    pub interface: Option<u32>,
}

impl Links {
    /// Those of this thread's network namespace.
    pub fn here() -> io::Result<Self> {
        Ok(Links { kernel: Netlink::open(Subsystem::Route)? })
    }

    /// Those of another network namespace.
    pub fn of(namespace: &OwnedFd) -> io::Result<Self> {
        namespace::inside(namespace, Links::here)
    }

    /// The interface of this name.
    pub fn find(&self, name: &str) -> io::Result<Option<Link>> {
        let ask = Message::new(link::GET, Message::ACK).body(&link_body(0, 0)).with_text(link::NAME, name);
        match self.kernel.ask(ask) {
            Ok(answer) => Ok(answer.iter().find_map(read_link)),
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All of them.
    pub fn all(&self) -> io::Result<Vec<Link>> {
        let answer = self.kernel.ask(Message::new(link::GET, Message::DUMP).body(&link_body(0, 0)))?;
        Ok(answer.iter().filter_map(read_link).collect())
    }

    /// Make a bridge, without address and switched off.
    pub fn add_bridge(&self, name: &str) -> io::Result<()> {
        let made = Message::new(link::NEW, Message::ACK | Message::CREATE | Message::EXCLUSIVE)
            .body(&link_body(0, 0))
            .with_text(link::NAME, name)
            .with_nested(link::INFO, |info| info.with_text(link::INFO_KIND, "bridge"));
        self.kernel.request(made)
    }

    /// Write on an interface what it is for; `ip link` shows it.
    pub fn set_alias(&self, index: u32, alias: &str) -> io::Result<()> {
        let end = (0..=LONGEST_ALIAS.min(alias.len())).rev().find(|at| alias.is_char_boundary(*at));
        let alias = &alias[..end.unwrap_or(0)];
        let set = Message::new(link::NEW, Message::ACK).body(&link_body(index, 0));
        self.kernel.request(set.with(link::ALIAS, alias.as_bytes()))
    }

    /// Lay a cable; both ends are switched off.
    pub fn add_cable(&self, cable: &Cable<'_>) -> io::Result<()> {
        let namespace = cable.namespace.as_raw_fd().unsigned_abs();
        let far = |peer: Message| {
            peer.body(&link_body(0, 0))
                .with_text(link::NAME, cable.far)
                .with(link::ADDRESS, &cable.mac)
                .with_number(link::NAMESPACE, namespace)
        };
        let made = Message::new(link::NEW, Message::ACK | Message::CREATE | Message::EXCLUSIVE)
            .body(&link_body(0, 0))
            .with_text(link::NAME, cable.near)
            .with_number(link::MASTER, cable.bridge)
            .with_nested(link::INFO, |info| {
                info.with_text(link::INFO_KIND, "veth")
                    .with_nested(link::INFO_DATA, |data| data.with_nested(link::VETH_PEER, far))
            });
        self.kernel.request(made)
    }

    /// Switch an interface on.
    pub fn set_up(&self, index: u32) -> io::Result<()> {
        self.kernel.request(Message::new(link::NEW, Message::ACK).body(&link_body(index, link::UP)))
    }

    /// Take an interface away; of a cable this takes both ends. Fine if it is not there.
    pub fn delete(&self, name: &str) -> io::Result<()> {
        let delete =
            Message::new(link::DELETE, Message::ACK).body(&link_body(0, 0)).with_text(link::NAME, name);
        match self.kernel.request(delete) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NODEV) => Ok(()),
            result => result,
        }
    }

    /// Give an interface an address; fine if it has it. No route comes with it.
    pub fn add_address(&self, index: u32, address: IpAddr, prefix: u8) -> io::Result<()> {
        let (family, bytes) = Family::of(address);
        let mut add = Message::new(address::NEW, Message::ACK | Message::CREATE | Message::EXCLUSIVE)
            .body(&address_body(family, prefix, index))
            .with(address::LOCAL, &bytes)
            .with(address::ADDRESS, &bytes)
            .with_number(address::FLAGS, address::NO_PREFIX_ROUTE);
        if let IpAddr::V4(v4) = address
            && let Some(broadcast) = Subnet::around(v4, prefix).broadcast()
        {
            add = add.with(address::BROADCAST, &broadcast.octets());
        }
        match self.kernel.request(add) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => Ok(()),
            result => result,
        }
    }

    /// The IPv4 addresses of an interface with the lengths of their prefixes.
    pub fn addresses(&self, index: u32) -> io::Result<Vec<(Ipv4Addr, u8)>> {
        let body = address_body(Family::V4, 0, 0);
        let answer = self.kernel.ask(Message::new(address::GET, Message::DUMP).body(&body))?;
        let read = |reply: &Reply| {
            let own = number(reply.payload.get(4..)?)? == index;
            let prefix = *reply.payload.get(1)?;
            let mut local = reply.attributes(address::BODY).filter(|(kind, _)| *kind == address::LOCAL);
            let octets: [u8; 4] = local.next()?.1.try_into().ok()?;
            own.then_some((Ipv4Addr::from(octets), prefix))
        };
        Ok(answer.iter().filter_map(read).collect())
    }

    /// A route to the neighbours of an interface. The kernel has one route to a subnet: this fails with
    /// EEXIST if there is one already, by whatever interface, so of several who want a subnet at the
    /// same time one gets it.
    pub fn claim(&self, subnet: Subnet, index: u32) -> io::Result<()> {
        let add = Message::new(route::NEW, Message::ACK | Message::CREATE | Message::EXCLUSIVE)
            .body(&route_body(subnet.prefix, route::NEIGHBOURS))
            .with(route::DESTINATION, &subnet.address.octets())
            .with_number(route::INTERFACE, index);
        self.kernel.request(add)
    }

    /// The way to everything that has no route of its own; fine if there is one already.
    pub fn add_default_route(&self, gateway: Ipv4Addr) -> io::Result<()> {
        let add = Message::new(route::NEW, Message::ACK | Message::CREATE | Message::EXCLUSIVE)
            .body(&route_body(0, route::EVERYWHERE))
            .with(route::GATEWAY, &gateway.octets());
        match self.kernel.request(add) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => Ok(()),
            result => result,
        }
    }

    /// All IPv4 routes but the default ones.
    pub fn routes(&self) -> io::Result<Vec<Route>> {
        let answer = self.kernel.ask(Message::new(route::GET, Message::DUMP).body(&route_body(0, 0)))?;
        Ok(answer.iter().filter_map(read_route).filter(|route| route.to.prefix != 0).collect())
    }

    /// Wait until frames pass through an interface, at most this long: the kernel notices a plugged
    /// cable in a worker of its own, and drops what is sent before. False if time ran out.
    pub fn await_operational(&self, name: &str, patience: Duration) -> io::Result<bool> {
        let end = Instant::now() + patience;
        loop {
            let link = self.find(name)?;
            if link.is_none_or(|link| link.operational) {
                return Ok(true);
            }
            if Instant::now() >= end {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn read_link(reply: &Reply) -> Option<Link> {
    let mut found = Link {
        index: number(reply.payload.get(4..)?)?,
        name: String::new(),
        operational: false,
        kind: String::new(),
    };
    for (kind, value) in reply.attributes(link::BODY) {
        match kind {
            link::NAME => found.name = text(value),
            link::STATE => found.operational = value.first() == Some(&link::OPERATIONAL),
            link::INFO => {
                let mut kinds = attributes(value).filter(|(kind, _)| *kind == link::INFO_KIND);
                found.kind = kinds.next().map(|(_, name)| text(name)).unwrap_or_default();
            }
            _ => {}
        }
    }
    Some(found)
}

fn read_route(reply: &Reply) -> Option<Route> {
    let prefix = *reply.payload.get(1)?;
    let mut found = Route { to: Subnet::around(Ipv4Addr::UNSPECIFIED, prefix.min(32)), interface: None };
    for (kind, value) in reply.attributes(route::BODY) {
        match kind {
            route::DESTINATION => {
                let octets: [u8; 4] = value.try_into().ok()?;
                found.to = Subnet::around(octets.into(), prefix.min(32));
            }
            route::INTERFACE => found.interface = number(value),
            _ => {}
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Neighbour, in_private_network};
    use super::*;

    const MAC: [u8; 6] = [2, 0x42, 10, 1, 0, 2];

    #[test]
    fn a_bridge_and_a_cable_to_another_namespace() {
        in_private_network("network::link::tests::a_bridge_and_a_cable_to_another_namespace", || {
            let links = Links::here().unwrap();
            links.add_bridge("pl-0").unwrap();
            let bridge = links.find("pl-0").unwrap().unwrap();
            assert_eq!((bridge.kind.as_str(), bridge.operational), ("bridge", false));
            links.set_alias(bridge.index, &"é".repeat(200)).unwrap();
            links.set_up(bridge.index).unwrap();

            let neighbour = Neighbour::start();
            let namespace = neighbour.namespace();
            let cable =
                Cable { near: "pv-0", bridge: bridge.index, far: "eth0", mac: MAC, namespace: &namespace };
            links.add_cable(&cable).unwrap();
            let there = Links::of(&namespace).unwrap();
            let far = there.find("eth0").unwrap().unwrap();
            links.set_up(links.find("pv-0").unwrap().unwrap().index).unwrap();
            there.set_up(far.index).unwrap();
            there.add_address(far.index, "10.1.0.2".parse().unwrap(), 16).unwrap();
            there.claim("10.1.0.0/16".parse().unwrap(), far.index).unwrap();
            there.add_default_route("10.1.0.1".parse().unwrap()).unwrap();
            assert_eq!(there.addresses(far.index).unwrap(), [("10.1.0.2".parse().unwrap(), 16)]);
            for name in ["pv-0", "pl-0"] {
                assert!(links.await_operational(name, Duration::from_secs(5)).unwrap(), "{name}");
            }

            links.delete("pv-0").unwrap();
            assert_eq!(there.find("eth0").unwrap(), None);
            links.delete("pv-0").unwrap();
            links.delete("pl-0").unwrap();
        });
    }

    #[test]
    fn a_subnet_belongs_to_one_interface() {
        in_private_network("network::link::tests::a_subnet_belongs_to_one_interface", || {
            let links = Links::here().unwrap();
            let subnet: Subnet = "10.1.0.0/16".parse().unwrap();
            let own = Ipv4Addr::new(10, 1, 0, 1);
            let mut claimed = ["pl-a", "pl-b"].map(|name| {
                links.add_bridge(name).unwrap();
                let index = links.find(name).unwrap().unwrap().index;
                links.set_up(index).unwrap();
                let claimed = links.claim(subnet, index);
                links.add_address(index, own.into(), 16).unwrap();
                links.add_address(index, own.into(), 16).unwrap();
                claimed
            });
            claimed[0].as_ref().unwrap();
            let refused = std::mem::replace(&mut claimed[1], Ok(())).unwrap_err();
            assert_eq!(Errno::from_io_error(&refused), Some(Errno::EXIST));
            let index = links.find("pl-a").unwrap().unwrap().index;
            assert!(links.routes().unwrap().contains(&Route { to: subnet, interface: Some(index) }));
        });
    }
}
