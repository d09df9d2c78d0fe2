//! User-mode networking: a program without rights of its own carries the outgoing traffic of a container's
//! private network, by sockets of the host on one side and a tap device in the container on the other.
//!
//! Both programs are told to show the container the same: address 10.0.2.100, gateway 10.0.2.2, name server
//! 10.0.2.3 (slirp4netns' own numbers). Neither forwards ports, which the monitor does, and neither leads to
//! the host's loopback.

mod arguments;
mod carrier;
mod programs;
mod way_out;

use std::net::{IpAddr, Ipv4Addr};

pub use programs::Programs;
pub use way_out::Unusable;

pub(crate) use carrier::Carrier;
pub(crate) use way_out::WayOut;

/// The host's name servers, as the container reaches them.
pub(crate) const NAME_SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 3));
