//! What passes between the bridges and the rest: one nf_tables table, `inet plimsoll`, changed in
//! transactions, without the programs nft or iptables.
//!
//! The rules never change; they look names of bridges up in sets, so that networks of several stores
//! stand beside each other and each comes and goes by one element a set. `nft list table inet plimsoll`
//! shows:
//!
//! ```text
//! set bridges  { type ifname }             # every network
//! set within   { type ifname . ifname }    # a bridge and itself
//! set internal { type ifname }             # networks without a way out
//! chain forward { type filter hook forward priority filter; policy accept;
//!     ct state established,related accept
//!     iifname . oifname @within accept                   # between containers of one network
//!     oifname @bridges drop                              # other networks and machines to a network
//!     iifname @internal drop
//! }
//! chain postrouting { type nat hook postrouting priority srcnat; policy accept;
//!     meta nfproto ipv4 iifname @bridges oifname != @bridges masquerade
//! }
//! ```
//!
//! The host itself reaches every container: its own packets are not forwarded. An `accept` here does not
//! overrule a `drop` of somebody else's table: where docker runs too, its `FORWARD` policy stays in force.

mod rules;
mod wire;

use std::collections::HashSet;
use std::io;

use rustix::io::Errno;

use super::netlink::text;
use super::place::Place;
use wire::{Set, generation, transaction};

/// Every network's bridge.
const BRIDGES: Set = Set { name: "bridges", names: 1, id: 1 };
/// Each bridge with itself.
const WITHIN: Set = Set { name: "within", names: 2, id: 2 };
/// Bridges of networks without a way out.
const INTERNAL: Set = Set { name: "internal", names: 1, id: 3 };
const SETS: [&Set; 3] = [&BRIDGES, &WITHIN, &INTERNAL];

/// How often a change is tried again because others changed the rules in between.
const ATTEMPTS: usize = 100;

/// Let a network's traffic pass. Its bridge must exist. Doing it again changes nothing.
pub(super) fn admit(place: &Place, bridge: &str, internal: bool) -> io::Result<()> {
    // Where it is in the set the rules are there, too: what flushes them takes the sets along. To write
    // them costs the kernel ten milliseconds.
    let admitted = BRIDGES.members(&place.firewall()?);
    if admitted.is_ok_and(|bridges| bridges.iter().any(|key| text(key) == bridge)) {
        return Ok(());
    }
    let mut changes = vec![wire::new_table()];
    changes.extend(SETS.map(Set::create));
    changes.extend(rules::forward());
    changes.extend(rules::postrouting());
    let sets = SETS.into_iter().filter(|set| internal || set.name != INTERNAL.name);
    changes.extend(sets.map(|set| set.add(bridge)));
    place.firewall()?.request_all(transaction(changes, None))
}

/// Forget the bridges that no longer exist, and with the last one the table.
pub(super) fn sweep(place: &Place) -> io::Result<()> {
    for _ in 0..ATTEMPTS {
        match try_to_sweep(place) {
            // Somebody changed the rules after we looked.
            Err(error) if error.raw_os_error() == Some(wire::ERESTART) => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn try_to_sweep(place: &Place) -> io::Result<()> {
    let kernel = place.firewall()?;
    let generation = generation(&kernel)?;
    let members = match SETS.map(|set| set.members(&kernel)).into_iter().collect::<io::Result<Vec<_>>>() {
        Ok(members) => members,
        // There is no table.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error),
    };
    let links: HashSet<String> = place.links()?.all()?.into_iter().map(|link| link.name).collect();
    let is_stale = |key: &[u8]| !links.contains(&text(key));
    if members.iter().flatten().all(|key| is_stale(key)) {
        return kernel.request_all(transaction(vec![wire::delete_table()], Some(generation)));
    }
    let mut changes = Vec::new();
    for (set, keys) in SETS.into_iter().zip(&members) {
        changes.extend(keys.iter().filter(|key| is_stale(key)).map(|key| set.remove(key)));
    }
    match changes.is_empty() {
        true => Ok(()),
        false => kernel.request_all(transaction(changes, Some(generation))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::in_private_network;
    use super::*;

    fn names(set: &Set) -> Vec<String> {
        let mut names: Vec<String> =
            set.members(&Place::Here.firewall().unwrap()).unwrap().iter().map(|key| text(key)).collect();
        names.sort();
        names
    }

    #[test]
    fn bridges_come_and_go_and_the_table_with_the_last() {
        let test = "network::firewall::tests::bridges_come_and_go_and_the_table_with_the_last";
        in_private_network(test, || {
            let links = Place::Here.links().unwrap();
            sweep(&Place::Here).unwrap();
            for (bridge, internal) in [("pl-a", false), ("pl-b", true), ("pl-c", false)] {
                links.add_bridge(bridge).unwrap();
                for _ in 0..2 {
                    admit(&Place::Here, bridge, internal).unwrap();
                }
            }
            assert_eq!(names(&BRIDGES), ["pl-a", "pl-b", "pl-c"]);
            assert_eq!(names(&INTERNAL), ["pl-b"]);
            links.delete("pl-b").unwrap();
            sweep(&Place::Here).unwrap();
            assert_eq!(names(&WITHIN), ["pl-a", "pl-c"]);
            assert_eq!(names(&INTERNAL), Vec::<String>::new());
            for bridge in ["pl-a", "pl-c"] {
                links.delete(bridge).unwrap();
            }
            sweep(&Place::Here).unwrap();
            let gone = BRIDGES.members(&Place::Here.firewall().unwrap()).unwrap_err();
            assert_eq!(Errno::from_io_error(&gone), Some(Errno::NOENT));
        });
    }

    #[test]
    fn many_change_the_rules_at_once() {
        in_private_network("network::firewall::tests::many_change_the_rules_at_once", || {
            std::thread::scope(|scope| {
                for number in 0..8 {
                    scope.spawn(move || {
                        let bridge = format!("pl-{number}");
                        let links = Place::Here.links().unwrap();
                        for _ in 0..10 {
                            links.add_bridge(&bridge).unwrap();
                            admit(&Place::Here, &bridge, number % 2 == 0).unwrap();
                            assert!(names(&WITHIN).contains(&bridge));
                            links.delete(&bridge).unwrap();
                            sweep(&Place::Here).unwrap();
                        }
                    });
                }
            });
            sweep(&Place::Here).unwrap();
            assert!(BRIDGES.members(&Place::Here.firewall().unwrap()).is_err());
        });
    }
}
