//! `-p`, `-P`, `--expose`: which ports of this machine lead into a container.

use std::net::{IpAddr, Ipv4Addr};

use clap::Args;
use plimsoll_model::launch::Publish;
use plimsoll_model::{PortSpec, Protocol};

/// Ports.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Network")]
pub struct PortFlags {
    /// Forward a port of this machine, or a range, into the container; of a range for one port the first free one.
    #[arg(short, long, value_name = "[IP:][HOST:]PORT[/udp]")]
    publish: Vec<String>,
    /// Forward any free port of this machine to each port the image or --expose names.
    #[arg(short = 'P', long)]
    pub publish_all: bool,
    /// Name a port, or a range, the process listens on.
    #[arg(long, value_name = "PORT[/udp]")]
    expose: Vec<String>,
}

impl PortFlags {
    /// Whether ports of the machine are asked for.
    pub fn publishes(&self) -> bool {
        self.publish_all || !self.publish.is_empty()
    }

    /// Whether ports are named by `--expose`.
    pub fn exposes(&self) -> bool {
        !self.expose.is_empty()
    }

    /// The forwarded ports, and all ports that are exposed, sorted.
    pub fn ports(&self, image: &[String]) -> Result<(Vec<Publish>, Vec<PortSpec>), String> {
        let mut exposed: Vec<PortSpec> =
            image.iter().filter_map(|text| PortSpec::parse_range(text)).flatten().collect();
        for text in &self.expose {
            let ports = PortSpec::parse_range(text)
                .ok_or_else(|| format!("--expose '{text}' is not PORT[-PORT][/tcp|/udp|/sctp]"))?;
            exposed.extend(ports);
        }
        let mut publish = Vec::new();
        for text in &self.publish {
            publish.extend(published(text)?);
        }
        if let Some(port) = twice(&publish) {
            return Err(format!("-p asks for port {port} of this machine more than once"));
        }
        if self.publish_all {
            let known: Vec<PortSpec> = publish.iter().map(|publish| publish.container).collect();
            let more = exposed.iter().filter(|port| !known.contains(port) && port.protocol != Protocol::Sctp);
            publish.extend(more.map(|port| forwarded(Ipv4Addr::UNSPECIFIED.into(), None, *port)));
        }
        exposed.extend(publish.iter().map(|publish| publish.container));
        exposed.sort();
        exposed.dedup();
        Ok((publish, exposed))
    }
}

fn forwarded(host_ip: IpAddr, host_port: Option<u16>, container: PortSpec) -> Publish {
    Publish { host_ip, host_port, further_ports: 0, container }
}

/// `[IP:][HOST:]CONTAINER[/proto]`: ranges on both sides of equal length, or a range of which one port is taken.
fn published(text: &str) -> Result<Vec<Publish>, String> {
    let bad = || format!("-p '{text}' is not [IP:][HOST:]PORT[/tcp|/udp]");
    let spelled = spelled_out(text).ok_or_else(bad)?;
    let (rest, container) =
        spelled.rsplit_once(':').map_or((None, spelled.as_str()), |(rest, port)| (Some(rest), port));
    let container = PortSpec::parse_range(container).ok_or_else(bad)?;
    if container.iter().any(|port| port.protocol == Protocol::Sctp) {
        return Err(format!("-p '{text}': SCTP is not forwarded, tcp and udp are"));
    }
    let (ip, host) = match rest {
        None => (None, None),
        Some(rest) => match rest.rsplit_once(':') {
            Some((ip, host)) => (Some(ip), Some(host)),
            None => (None, Some(rest)),
        },
    };
    let host_ip: IpAddr = match ip {
        None | Some("") => Ipv4Addr::UNSPECIFIED.into(),
        Some(ip) => {
            let bare = ip.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(ip);
            bare.parse().map_err(|_| bad())?
        }
    };
    let host: Vec<Option<u16>> = match host {
        // Any free one.
        None | Some("" | "0") => vec![None; container.len()],
        Some(host) if host.contains('/') => return Err(bad()),
        Some(host) => {
            PortSpec::parse_range(host).ok_or_else(bad)?.iter().map(|port| Some(port.number)).collect()
        }
    };
    if let ([Some(first), .., Some(last)], [container]) = (host.as_slice(), container.as_slice()) {
        let any = Publish { further_ports: last - first, ..forwarded(host_ip, Some(*first), *container) };
        return Ok(vec![any]);
    }
    if host.len() != container.len() {
        return Err(format!("-p '{text}': the ranges have different lengths"));
    }
    Ok(host.into_iter().zip(container).map(|(host, container)| forwarded(host_ip, host, container)).collect())
}

/// docker's other form, `published=8080,target=80,protocol=udp`, in the usual one.
fn spelled_out(text: &str) -> Option<String> {
    if !text.contains('=') {
        return Some(text.to_string());
    }
    let (mut published, mut target, mut protocol) = ("", None, "tcp");
    for field in text.split(',') {
        match field.split_once('=')? {
            ("published", value) => published = value,
            ("target", value) => target = Some(value),
            ("protocol", value) => protocol = value,
            _ => return None,
        }
    }
    Some(format!("{published}:{}/{protocol}", target?))
}

/// A port of the machine that is asked for more than once.
fn twice(publish: &[Publish]) -> Option<String> {
    let overlap = |one: &Publish, other: &Publish| {
        one.host_port.is_some()
            && one.further_ports == 0
            && other.further_ports == 0
            && one.host_port == other.host_port
            && one.container.protocol == other.container.protocol
            && one.host_ip.is_ipv4() == other.host_ip.is_ipv4()
            && (one.host_ip == other.host_ip
                || one.host_ip.is_unspecified()
                || other.host_ip.is_unspecified())
    };
    let second =
        publish.iter().enumerate().find(|(at, one)| publish[..*at].iter().any(|other| overlap(one, other)));
    second.map(|(_, one)| format!("{}/{}", one.host_port.unwrap_or_default(), one.container.protocol.word()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flags(publish: &[&str], publish_all: bool, expose: &[&str]) -> PortFlags {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect();
        PortFlags { publish: own(publish), publish_all, expose: own(expose) }
    }

    #[test]
    fn ports_in_dockers_forms() {
        let one = |text: &str| published(text).unwrap()[0];
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for any in ["80", ":80", "0:80", "127.0.0.1::80", "0.0.0.0:0:80"] {
            assert_eq!(one(any).host_port, None, "{any}");
        }
        assert_eq!(one("8080:80").host_port, Some(8080));
        assert_eq!(one("127.0.0.1:8080:80").host_ip, ip("127.0.0.1"));
        assert_eq!((one("[::1]:8080:80").host_ip, one("::1:8080:80").host_ip), (ip("::1"), ip("::1")));
        assert_eq!(one("53:53/udp").container.to_string(), "53/udp");
        assert_eq!(one("published=8080,target=80,protocol=udp"), one("8080:80/udp"));
        assert_eq!(published("8000-8001:80-81").unwrap().len(), 2);
        let any = published("8000-8002:80").unwrap();
        assert_eq!((any.len(), any[0].host_port, any[0].further_ports), (1, Some(8000), 2));
        for bad in [
            "",
            "x",
            "1:2:3:4",
            "80-82:80-81",
            "0",
            "70000",
            "80:",
            "localhost:80:80",
            "80/udp:80",
            "81-80:81-80",
            "80/foo",
            "-80",
            "[::1:8080:80",
            "target",
            "published=1",
            "target=1,mode=host",
        ] {
            assert!(published(bad).is_err(), "{bad}");
        }
        assert!(published("80/sctp").unwrap_err().contains("SCTP"));
    }

    #[test]
    fn all_exposed_ports_are_published_on_demand() {
        let image = ["80/tcp".to_string(), "53/udp".to_string(), "9/sctp".to_string()];
        let (publish, exposed) = flags(&["8080:80"], true, &["7000-7001"]).ports(&image).unwrap();
        let shown: Vec<_> = publish.iter().map(|one| (one.host_port, one.container.to_string())).collect();
        let port = |number, text: &str| (number, text.to_string());
        assert_eq!(
            shown,
            [
                port(Some(8080), "80/tcp"),
                port(None, "53/udp"),
                port(None, "7000/tcp"),
                port(None, "7001/tcp")
            ]
        );
        let exposed: Vec<_> = exposed.iter().map(ToString::to_string).collect();
        assert_eq!(exposed, ["9/sctp", "53/udp", "80/tcp", "7000/tcp", "7001/tcp"]);
        let (publish, exposed) = flags(&["8080:81"], false, &[]).ports(&image).unwrap();
        assert_eq!((publish.len(), exposed.len()), (1, 4));
        for bad in ["80:80", "0", "x", "82-80", "80/foo"] {
            assert!(flags(&[], false, &[bad]).ports(&[]).unwrap_err().contains("--expose"), "{bad}");
        }
    }

    #[test]
    fn one_port_of_the_machine_is_given_once() {
        let check = |publish: &[&str]| flags(publish, false, &[]).ports(&[]).map(drop);
        for fine in [
            &["80", "80"][..],
            &["8080-8081:80", "8080:81"],
            &["8080:80", "8080:80/udp"],
            &["127.0.0.1:8080:80", "127.0.0.2:8080:80"],
        ] {
            assert_eq!(check(fine), Ok(()), "{fine:?}");
        }
        for bad in [&["8080:80", "8080:81"][..], &["127.0.0.1:8080:80", "8080:81"], &["80-82:80-82", "81:9"]]
        {
            assert!(check(bad).unwrap_err().contains("more than once"), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_back(ip: Option<IpAddr>, host in prop::option::of(1u16..), port in 1u16.., udp: bool, any in "[0-9:./a-z=,\\[\\]-]{0,20}") {
            let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
            let expected = forwarded(ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), host, PortSpec { number: port, protocol });
            let (number, protocol) = (host.map_or(String::new(), |host| host.to_string()), protocol.word());
            let text = match ip {
                Some(ip @ IpAddr::V6(_)) => format!("[{ip}]:{number}:{port}/{protocol}"),
                Some(ip) => format!("{ip}:{number}:{port}/{protocol}"),
                None => format!("{number}:{port}/{protocol}"),
            };
            prop_assert_eq!(published(&text), Ok(vec![expected]));
            let _ = (published(&any), flags(&[&any], true, &[&any]).ports(std::slice::from_ref(&any)));
        }
    }
}
