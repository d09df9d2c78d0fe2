//! The network namespace in which the bridges are.

use std::io;
use std::os::fd::OwnedFd;

use super::link::Links;
use super::namespace;
use super::netlink::{Netlink, Subsystem};

/// Where a store's bridges are.
#[derive(Debug)]
pub(crate) enum Place {
    /// In our own network namespace: root's.
    Here,
    /// In one that was made for them: an ordinary user's.
    #[expect(dead_code, reason = "docs/design tells why ordinary users have none yet")]
    Inside(OwnedFd),
}

impl Place {
    /// Its interfaces.
    pub fn links(&self) -> io::Result<Links> {
        match self {
            Place::Here => Links::here(),
            Place::Inside(namespace) => Links::of(namespace),
        }
    }

    /// A socket to its nf_tables.
    pub fn firewall(&self) -> io::Result<Netlink> {
        let open = || Netlink::open(Subsystem::Netfilter);
        match self {
            Place::Here => open(),
            Place::Inside(namespace) => namespace::inside(namespace, open),
        }
    }

    /// Its namespace, unless it is ours.
    pub fn namespace(&self) -> io::Result<Option<OwnedFd>> {
        match self {
            Place::Here => Ok(None),
            Place::Inside(namespace) => namespace.try_clone().map(Some),
        }
    }

    /// Do something there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        match self {
            Place::Here => work(),
            Place::Inside(namespace) => namespace::inside(namespace, work),
        }
    }
}
