//! An address of its own for a container whose network is nothing but loopback.
//!
//! With 127.0.0.1 alone every forwarded connection would seem to come from the container itself,
//! which programs trust (podman CVE-2021-20199), and a server that listens on 127.0.0.1 only, which
//! docker and Kubernetes cannot reach, would be reachable. So the loopback interface gets a second
//! address; the numbers are those of slirp4netns.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// The container's IPv4 address.
pub(crate) const V4: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 100);
/// The container's IPv6 address.
pub(crate) const V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 0x100);

/// Index of the loopback interface in every network namespace (LOOPBACK_IFINDEX).
const LOOPBACK: u32 = 1;

/// Give the network namespace this thread is in its addresses. IPv6 may be missing on a machine.
pub(super) fn provide() -> io::Result<()> {
    // Protocol 0 is NETLINK_ROUTE.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    let _ = add(&socket, V6.into());
    // Each connection ends in TIME_WAIT on this side: without this, 28,000 in a minute are too many.
    let _ = fs::write("/proc/sys/net/ipv4/tcp_tw_reuse", "1");
    add(&socket, V4.into())
}

fn add(socket: &OwnedFd, address: IpAddr) -> io::Result<()> {
    send(socket, &new_address(address), SendFlags::empty())?;
    let mut answer = [0; 256];
    let (length, _) = recv(socket, &mut answer[..], RecvFlags::empty())?;
    // An answer is a header of 16 bytes and the negative error number, 0 if all is well.
    let code = answer[..length].get(16..20).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match code {
        Some(0) => Ok(()),
        Some(code) if Errno::from_raw_os_error(-code) == Errno::EXIST => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(-code)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// `RTM_NEWADDR` (rtnetlink(7)): header, `ifaddrmsg`, and the address as both ends of the link.
fn new_address(address: IpAddr) -> Vec<u8> {
    const RTM_NEWADDR: u16 = 20;
    const REQUEST_ACK_CREATE_EXCL: u16 = 0x1 | 0x4 | 0x400 | 0x200;
    const IFA_ADDRESS: u16 = 1;
    const IFA_LOCAL: u16 = 2;
    let (family, bytes) = match address {
        IpAddr::V4(v4) => (AddressFamily::INET, v4.octets().to_vec()),
        IpAddr::V6(v6) => (AddressFamily::INET6, v6.octets().to_vec()),
    };
    let whole_prefix = bytes.len() as u8 * 8;
    let mut body = vec![family.as_raw() as u8, whole_prefix, 0, 0];
    body.extend(LOOPBACK.to_ne_bytes());
    for kind in [IFA_LOCAL, IFA_ADDRESS] {
        body.extend((4 + bytes.len() as u16).to_ne_bytes());
        body.extend(kind.to_ne_bytes());
        body.extend(&bytes);
    }
    let mut message = (16 + body.len() as u32).to_ne_bytes().to_vec();
    message.extend(RTM_NEWADDR.to_ne_bytes());
    message.extend(REQUEST_ACK_CREATE_EXCL.to_ne_bytes());
    // Sequence number and sender: one question, one answer.
    message.extend([0; 8]);
    message.extend(body);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_lengths_they_tell() {
        for address in [IpAddr::from(V4), IpAddr::from(V6)] {
            let message = new_address(address);
            let told = u32::from_ne_bytes(message[..4].try_into().unwrap());
            assert_eq!(message.len(), told as usize);
            assert_eq!(message.len() % 4, 0);
        }
    }
}
