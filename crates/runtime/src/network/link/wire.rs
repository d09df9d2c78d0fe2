//! Numbers and fixed parts of rtnetlink messages (linux/rtnetlink.h, if_link.h, if_addr.h).

use std::net::IpAddr;

use rustix::net::AddressFamily;

/// Interfaces: `RTM_*LINK` and `IFLA_*`.
pub(super) mod link {
    pub const NEW: u16 = 16;
    pub const DELETE: u16 = 17;
    pub const GET: u16 = 18;
    pub const ADDRESS: u16 = 1;
    pub const NAME: u16 = 3;
    pub const MASTER: u16 = 10;
    pub const STATE: u16 = 16;
    pub const INFO: u16 = 18;
    pub const ALIAS: u16 = 20;
    pub const NAMESPACE: u16 = 28;
    /// Inside `INFO`: what kind of interface, and what only this kind has.
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    /// Inside the data of a veth: a whole message about the peer, without its header.
    pub const VETH_PEER: u16 = 1;
    /// A state: `IF_OPER_UP`.
    pub const OPERATIONAL: u8 = 6;
    /// A flag: `IFF_UP`.
    pub const UP: u32 = 1;
    /// Length of `struct ifinfomsg`.
    pub const BODY: usize = 16;
}

/// Addresses: `RTM_*ADDR` and `IFA_*`.
pub(super) mod address {
    pub const NEW: u16 = 20;
    pub const GET: u16 = 22;
    pub const ADDRESS: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const BROADCAST: u16 = 4;
    pub const FLAGS: u16 = 8;
    /// A flag: `IFA_F_NOPREFIXROUTE`.
    pub const NO_PREFIX_ROUTE: u32 = 0x200;
    /// Length of `struct ifaddrmsg`.
    pub const BODY: usize = 8;
}

/// Routes: `RTM_*ROUTE` and `RTA_*`.
pub(super) mod route {
    pub const NEW: u16 = 24;
    pub const GET: u16 = 26;
    pub const DESTINATION: u16 = 1;
    pub const INTERFACE: u16 = 4;
    pub const GATEWAY: u16 = 5;
    /// A scope: `RT_SCOPE_UNIVERSE`.
    pub const EVERYWHERE: u8 = 0;
    /// A scope: `RT_SCOPE_LINK`, without a gateway.
    pub const NEIGHBOURS: u8 = 253;
    /// Length of `struct rtmsg`.
    pub const BODY: usize = 12;
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// The family of an address and its bytes.
    pub fn of(address: IpAddr) -> (Family, Vec<u8>) {
        match address {
            IpAddr::V4(v4) => (Family::V4, v4.octets().to_vec()),
            IpAddr::V6(v6) => (Family::V6, v6.octets().to_vec()),
        }
    }

    fn number(self) -> u8 {
        let family = if self == Family::V4 { AddressFamily::INET } else { AddressFamily::INET6 };
        family.as_raw() as u8
    }
}

/// `struct ifinfomsg`; the flags given are switched on.
pub(super) fn link_body(index: u32, flags: u32) -> [u8; link::BODY] {
    let mut body = [0; link::BODY];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..].copy_from_slice(&flags.to_ne_bytes());
    body
}

/// `struct ifaddrmsg`.
pub(super) fn address_body(family: Family, prefix: u8, index: u32) -> [u8; address::BODY] {
    let mut body = [family.number(), prefix, 0, 0, 0, 0, 0, 0];
    body[4..].copy_from_slice(&index.to_ne_bytes());
    body
}

/// `struct rtmsg` of a plain IPv4 route in the main table, set by us (RTPROT_STATIC).
pub(super) fn route_body(prefix: u8, scope: u8) -> [u8; route::BODY] {
    const MAIN_TABLE: u8 = 254;
    const STATIC: u8 = 4;
    const UNICAST: u8 = 1;
    [Family::V4.number(), prefix, 0, 0, MAIN_TABLE, STATIC, scope, UNICAST, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_parts() {
        assert_eq!(link_body(0x0102, link::UP)[4..8], 0x0102_u32.to_ne_bytes());
        assert_eq!(link_body(0, link::UP)[8..], [1_u32.to_ne_bytes(), 1_u32.to_ne_bytes()].concat());
        assert_eq!(address_body(Family::V4, 24, 3)[..4], [2, 24, 0, 0]);
        assert_eq!(address_body(Family::V6, 64, 3)[0], 10);
        assert_eq!(route_body(16, route::NEIGHBOURS)[..8], [2, 16, 0, 0, 254, 4, 253, 1]);
    }
}
