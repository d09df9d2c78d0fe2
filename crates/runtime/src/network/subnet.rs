//! IPv4 subnets: reading, writing, choosing.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// `10.89.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subnet {
    /// Its first address.
    pub address: Ipv4Addr,
    /// How many bits all its addresses share.
    pub prefix: u8,
}

impl Subnet {
    /// The subnet of this size an address lies in. More than 32 bits are 32.
    pub fn around(address: Ipv4Addr, prefix: u8) -> Self {
        let prefix = prefix.min(32);
        Subnet { address: Ipv4Addr::from(u32::from(address) & mask(prefix)), prefix }
    }

    /// Whether an address lies in it.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(self.address)
    }

    /// Whether an address lies in both.
    pub fn overlaps(&self, other: &Subnet) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// The address that means everybody in it; a subnet of two has none (RFC 3021).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        (self.prefix < 31).then(|| Ipv4Addr::from(u32::from(self.address) | !mask(self.prefix)))
    }

    /// The addresses members can have, in order: all but the first and the last.
    pub fn hosts(&self) -> impl Iterator<Item = Ipv4Addr> + use<> {
        let first = u32::from(self.address);
        let last = first | !mask(self.prefix);
        (first.saturating_add(1)..last).map(Ipv4Addr::from)
    }

    /// Whether a member can have this address.
    pub fn has_host(&self, address: Ipv4Addr) -> bool {
        self.contains(address) && address != self.address && Some(address) != self.broadcast()
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = String;

    /// Reads `ADDRESS/BITS`; the error is a sentence's end.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("'{text}' is no IPv4 subnet such as 10.1.0.0/16");
        let (address, prefix) = text.split_once('/').ok_or_else(form)?;
        let address: Ipv4Addr = address.parse().map_err(|_| form())?;
        let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32).ok_or_else(form)?;
        let subnet = Subnet::around(address, prefix);
        if subnet.address != address {
            return Err(format!("'{text}' names an address inside of {subnet}; write that"));
        }
        if prefix > 30 {
            return Err(format!("{subnet} has no room for a gateway and a container; use at most 30 bits"));
        }
        if address.is_loopback() || address.is_multicast() {
            return Err(format!("{subnet} is not for a network of machines"));
        }
        Ok(subnet)
    }
}

/// podman's place for its default network.
const DEFAULT_NETWORK: Subnet = Subnet { address: Ipv4Addr::new(10, 88, 0, 0), prefix: 16 };

/// A subnet nobody uses: for the default network 10.88.0.0/16 if it is free, else the first free one of
/// 10.89.0.0/24 to 10.255.255.0/24, podman's list.
pub(super) fn free_subnets(
    is_default: bool,
    taken: impl Fn(&Subnet) -> bool,
) -> impl Iterator<Item = Subnet> {
    let numbered = (89..=255_u8).flat_map(|second| (0..=255_u8).map(move |third| (second, third)));
    let small = numbered.map(|(second, third)| Subnet::around(Ipv4Addr::new(10, second, third, 0), 24));
    is_default.then_some(DEFAULT_NETWORK).into_iter().chain(small).filter(move |subnet| !taken(subnet))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn subnets_are_read_as_they_are_written() {
        for text in ["10.89.0.0/24", "0.0.0.0/0", "192.168.1.128/30"] {
            assert_eq!(subnet(text).to_string(), text);
        }
        for bad in [
            "",
            "10.0.0.0",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0/8",
            "::/64",
            "10.0.0.0/31",
            "a/8",
            "127.0.0.0/8",
        ] {
            assert!(bad.parse::<Subnet>().is_err(), "{bad}");
        }
        assert_eq!(
            "10.1.2.3/16".parse::<Subnet>().unwrap_err(),
            "'10.1.2.3/16' names an address inside of 10.1.0.0/16; write that"
        );
    }

    #[test]
    fn what_lies_in_it() {
        let small = subnet("10.1.2.4/30");
        assert_eq!(
            small.hosts().collect::<Vec<_>>(),
            [Ipv4Addr::new(10, 1, 2, 5), Ipv4Addr::new(10, 1, 2, 6)]
        );
        assert_eq!(small.broadcast(), Some(Ipv4Addr::new(10, 1, 2, 7)));
        assert!(small.has_host(Ipv4Addr::new(10, 1, 2, 6)));
        for outside in [4, 7, 8] {
            assert!(!small.has_host(Ipv4Addr::new(10, 1, 2, outside)));
        }
        assert!(small.overlaps(&subnet("10.0.0.0/8")) && subnet("10.0.0.0/8").overlaps(&small));
        assert!(!small.overlaps(&subnet("10.1.2.8/30")));
        assert_eq!(subnet("0.0.0.0/0").hosts().next(), Some(Ipv4Addr::new(0, 0, 0, 1)));
        assert_eq!(subnet("255.255.255.252/30").hosts().count(), 2);
    }

    #[test]
    fn the_first_free_one_is_chosen() {
        let taken = [subnet("10.88.0.0/16"), subnet("10.89.0.0/23")];
        let is_taken = |wanted: &Subnet| taken.iter().any(|subnet| subnet.overlaps(wanted));
        assert_eq!(free_subnets(true, |_| false).next(), Some(subnet("10.88.0.0/16")));
        assert_eq!(free_subnets(true, is_taken).next(), Some(subnet("10.89.2.0/24")));
        assert_eq!(free_subnets(false, |_| false).next(), Some(subnet("10.89.0.0/24")));
        assert_eq!(free_subnets(true, |wanted| wanted.overlaps(&subnet("10.0.0.0/8"))).next(), None);
    }
}
