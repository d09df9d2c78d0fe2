//! `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf` of a container, made as docker makes them.

mod resolv_conf;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use plimsoll_model::launch::{HostEntry, Mount};
use plimsoll_model::{LaunchSpec, Network};

use super::name::is_id;
use super::{Container, ContainerError};
use crate::forward::container_address;

/// Names in the container's directory, and places in the container.
const HOSTS: (&str, &str) = ("hosts", "/etc/hosts");
const HOSTNAME: (&str, &str) = ("hostname", "/etc/hostname");
const RESOLV_CONF: (&str, &str) = ("resolv.conf", "/etc/resolv.conf");

/// What the host's own files say, for the parts that are taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostEtc {
    /// `/etc/hosts`; empty for a container that does not get it.
    pub hosts: String,
    /// `/etc/resolv.conf`, or where systemd-resolved has its real servers.
    pub resolv_conf: String,
}

impl HostEtc {
    /// Read what a container of this network gets; a missing file is an empty one.
    pub fn read(network: &Network) -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let mut resolv_conf = read("/etc/resolv.conf");
        if resolv_conf::has_only_loopback(&resolv_conf) {
            // docker's rule: the stub on 127.0.0.53 cannot be reached from a container, its servers can.
            let real = read("/run/systemd/resolve/resolv.conf");
            resolv_conf = if real.is_empty() { resolv_conf } else { real };
        }
        let hosts = if network.is_own() { String::new() } else { read("/etc/hosts") };
        HostEtc { hosts, resolv_conf }
    }

    /// With this name server in place of the host's.
    #[must_use]
    pub fn served_by(self, server: Option<IpAddr>) -> Self {
        let Some(server) = server else { return self };
        HostEtc { resolv_conf: resolv_conf::served_by(&self.resolv_conf, server), ..self }
    }
}

/// Write the files into the container's directory and return the mounts that show them. A target
/// the user mounts something on is left alone. `gateway` is the host as the container reaches it.
pub(crate) fn provide(
    container: &Container,
    host: &HostEtc,
    gateway: Option<IpAddr>,
) -> Result<Vec<Mount>, ContainerError> {
    let spec = &container.record().spec;
    let is_free = |target: &str| !spec.mounts.iter().any(|mount| mount.target == target);
    let mount = |path, target| Mount::bind(path, target).read_only(spec.security.read_only_root);
    if let Network::Container(id) = &spec.network {
        let files = files_of(container, id).filter(|(_, target)| is_free(target));
        return Ok(files.map(|(path, target)| mount(path, target)).collect());
    }
    let mut mounts = Vec::new();
    for ((name, target), content) in etc_files(spec, host, gateway) {
        if !is_free(target) {
            continue;
        }
        container.directory().write_readable(name, content.as_bytes())?;
        mounts.push(mount(container.path().join(name), target));
    }
    Ok(mounts)
}

/// The files of the container whose network is shared: both see the same names, also later.
fn files_of(container: &Container, other: &str) -> impl Iterator<Item = (PathBuf, &'static str)> + use<> {
    let directory = container.path().parent().filter(|_| is_id(other)).map(|all| all.join(other));
    let files = [HOSTS, HOSTNAME, RESOLV_CONF].map(|(name, target)| {
        let path = directory.as_ref().map(|directory| directory.join(name));
        path.filter(|path| path.is_file()).map(|path| (path, target))
    });
    files.into_iter().flatten()
}

/// Name in the container's directory, place in the container, content.
type EtcFile = ((&'static str, &'static str), String);

pub(crate) fn etc_files(spec: &LaunchSpec, host: &HostEtc, gateway: Option<IpAddr>) -> [EtcFile; 3] {
    let shared = !spec.network.is_own();
    let mut hosts = if shared { host.hosts.clone() } else { LOOPBACK_NAMES.to_string() };
    if shared && !hosts.is_empty() && !hosts.ends_with('\n') {
        hosts.push('\n');
    }
    hosts.extend(spec.naming.hosts.iter().filter_map(|entry| added_host(entry, &spec.network, gateway)));
    hosts.push_str(&own_line(spec));
    let resolv_conf = resolv_conf::of_container(&host.resolv_conf, shared, &spec.naming);
    [(HOSTS, hosts), (HOSTNAME, format!("{}\n", spec.hostname)), (RESOLV_CONF, resolv_conf)]
}

/// docker's.
const LOOPBACK_NAMES: &str = "127.0.0.1\tlocalhost\n\
     ::1\tlocalhost ip6-localhost ip6-loopback\n\
     fe00::\tip6-localnet\n\
     ff00::\tip6-mcastprefix\n\
     ff02::1\tip6-allnodes\n\
     ff02::2\tip6-allrouters\n";

/// The container's own name on its address. In networks of the store that line comes with those of its
/// neighbours ([`crate::network`]).
fn own_line(spec: &LaunchSpec) -> String {
    let address = match spec.network {
        Network::Host | Network::Container(_) | Network::Joined(_) => return String::new(),
        Network::Private | Network::UserMode(_) => container_address::V4,
        Network::None => Ipv4Addr::LOCALHOST,
    };
    format!("{address}\t{}\n", spec.hostname)
}

/// `--add-host`. The host as such has a name only where it can be reached.
fn added_host(entry: &HostEntry, network: &Network, gateway: Option<IpAddr>) -> Option<String> {
    let host = match network {
        Network::Host => Some(Ipv4Addr::LOCALHOST.into()),
        _ => gateway,
    };
    entry.address.or(host).map(|address| format!("{address}\t{}\n", entry.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts_of(spec: &LaunchSpec, gateway: Option<IpAddr>) -> String {
        let host = HostEtc { hosts: "127.0.0.1\tthis".into(), resolv_conf: String::new() };
        let [(_, hosts), _, _] = etc_files(spec, &host, gateway);
        hosts
    }

    fn spec(network: Network) -> LaunchSpec {
        LaunchSpec { network, hostname: "web".into(), ..LaunchSpec::of(vec!["true".into()]) }
    }

    #[test]
    fn a_container_finds_itself_by_name() {
        assert!(hosts_of(&spec(Network::Private), None).ends_with("\n10.0.2.100\tweb\n"));
        assert!(hosts_of(&spec(Network::None), None).ends_with("\n127.0.0.1\tweb\n"));
        assert_eq!(hosts_of(&spec(Network::Host), None), "127.0.0.1\tthis\n");
        assert_eq!(hosts_of(&spec(Network::Joined(vec!["bridge".into()])), None), LOOPBACK_NAMES);
    }

    #[test]
    fn added_hosts_and_the_host_itself() {
        let mut spec = spec(Network::Joined(vec!["back".into()]));
        let entry = |name: &str, address: Option<&str>| HostEntry {
            name: name.into(),
            address: address.map(|text| text.parse().unwrap()),
        };
        spec.naming.hosts = vec![entry("db", Some("10.0.0.9")), entry("me", None)];
        let gateway = Some("10.89.0.1".parse().unwrap());
        assert!(hosts_of(&spec, gateway).ends_with("\n10.0.0.9\tdb\n10.89.0.1\tme\n"));
        spec.network = Network::Host;
        assert!(hosts_of(&spec, None).ends_with("\n10.0.0.9\tdb\n127.0.0.1\tme\n"));
        spec.network = Network::Private;
        assert!(!hosts_of(&spec, None).contains("\tme"), "nothing leads there");
    }
}
