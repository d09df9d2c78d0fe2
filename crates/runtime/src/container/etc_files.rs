//! `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` of a container, made as docker makes them.

use std::net::{IpAddr, Ipv4Addr};

use plimsoll_model::launch::{Mount, MountSource};
use plimsoll_model::{LaunchSpec, Network};

use super::{Container, ContainerError};
use crate::forward::container_address;

/// One generated file: its name in the container's directory, its place in the container.
struct EtcFile {
    name: &'static str,
    target: &'static str,
    content: String,
}

/// What the host's own files say, for the parts that are taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostEtc {
    /// `/etc/hosts`.
    pub hosts: String,
    /// `/etc/resolv.conf`.
    pub resolv_conf: String,
}

impl HostEtc {
    /// Read them; a missing file is an empty one.
    pub fn read() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        HostEtc { hosts: read("/etc/hosts"), resolv_conf: read("/etc/resolv.conf") }
    }
}

/// Write the files into the container's directory and return the mounts that show them. A target
/// the user mounts something on is left alone.
pub(crate) fn provide(container: &Container, host: &HostEtc) -> Result<Vec<Mount>, ContainerError> {
    let spec = &container.record().spec;
    let mut mounts = Vec::new();
    for file in etc_files(spec, host) {
        if spec.mounts.iter().any(|mount| mount.target == file.target) {
            continue;
        }
        container.directory().write(file.name, file.content.as_bytes())?;
        let path = container.path().join(file.name);
        // Readable for every user of the container; the directory around it is closed to the host's.
        rustix::fs::chmod(&path, rustix::fs::Mode::from_raw_mode(0o644))
            .map_err(ContainerError::at("set the mode of", &path))?;
        mounts.push(Mount {
            source: MountSource::Bind(path),
            target: file.target.into(),
            read_only: spec.security.read_only_root,
        });
    }
    Ok(mounts)
}

fn etc_files(spec: &LaunchSpec, host: &HostEtc) -> [EtcFile; 3] {
    let hosts = match spec.network {
        Network::Host => host.hosts.clone(),
        Network::Private => own_hosts(&spec.hostname, container_address::V4),
        Network::None => own_hosts(&spec.hostname, Ipv4Addr::LOCALHOST),
    };
    let resolv_conf = match spec.network {
        Network::Host => host.resolv_conf.clone(),
        Network::Private | Network::None => reachable_servers(&host.resolv_conf),
    };
    [
        EtcFile { name: "hosts", target: "/etc/hosts", content: hosts },
        EtcFile { name: "hostname", target: "/etc/hostname", content: format!("{}\n", spec.hostname) },
        EtcFile { name: "resolv.conf", target: "/etc/resolv.conf", content: resolv_conf },
    ]
}

/// docker's lines, with the container's own name on its address.
fn own_hosts(hostname: &str, address: Ipv4Addr) -> String {
    format!(
        "127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::\tip6-localnet\n\
         ff00::\tip6-mcastprefix\n\
         ff02::1\tip6-allnodes\n\
         ff02::2\tip6-allrouters\n\
         {address}\t{hostname}\n"
    )
}

/// The host's settings without name servers on the host's loopback: that address is another machine's
/// from inside the container.
fn reachable_servers(resolv_conf: &str) -> String {
    let reachable = |line: &&str| {
        let mut words = line.split_ascii_whitespace();
        let server = (words.next() == Some("nameserver")).then(|| words.next()).flatten();
        !server.and_then(|text| text.parse::<IpAddr>().ok()).is_some_and(|address| address.is_loopback())
    };
    resolv_conf.lines().filter(reachable).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_on_the_hosts_loopback_are_left_out() {
        let host = "search lan\nnameserver 127.0.0.53\nnameserver 10.0.0.1\nnameserver ::1\noptions edns0\n";
        assert_eq!(reachable_servers(host), "search lan\nnameserver 10.0.0.1\noptions edns0\n");
    }

    #[test]
    fn a_container_finds_itself_by_name() {
        assert!(own_hosts("web", container_address::V4).ends_with("\n10.0.2.100\tweb\n"));
    }
}
