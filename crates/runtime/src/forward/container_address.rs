//! An address of its own for a container whose network is nothing but loopback.
//!
//! With 127.0.0.1 alone every forwarded connection would seem to come from the container itself,
//! which programs trust (podman CVE-2021-20199), and a server that listens on 127.0.0.1 only, which
//! docker and Kubernetes cannot reach, would be reachable. So the loopback interface gets a second
//! address; the numbers are those of slirp4netns.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::network::link::{LOOPBACK, Links};

/// The container's IPv4 address.
pub(crate) const V4: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 100);
/// The container's IPv6 address.
pub(crate) const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x100);

/// Give the network namespace this thread is in its addresses. IPv6 may be missing on a machine.
pub(super) fn provide() -> io::Result<()> {
    let links = Links::here()?;
    let _ = links.add_address(LOOPBACK, V6.into(), 128);
    // Each connection ends in TIME_WAIT on this side: without this, 28,000 in a minute are too many.
    let _ = fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "1");
    links.add_address(LOOPBACK, V4.into(), 32)
}
