//! Which network a container is in.

use clap::Args;
use plimsoll_model::{Network, UserModeProgram};

use super::sharing::Find;
use crate::work::csv;

/// Networks.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Network")]
pub struct NetworkFlags {
    /// Network: bridge, private (own, with published ports), pasta or slirp4netns (the same, going out through
    /// that program), none, host, container:NAME, or one of its name.
    #[arg(long, alias = "net", value_name = "NETWORK")]
    network: Vec<String>,
    /// One more name of the container in its network.
    #[arg(long, alias = "net-alias", value_name = "NAME")]
    network_alias: Vec<String>,
}

/// What there is to choose from.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The network of a container for which none is asked.
    pub default: &'a Network,
    /// Whether the store has a network of this name.
    pub exists: &'a dyn Fn(&str) -> Result<bool, String>,
    /// The id of a container.
    pub find: Find<'a>,
}

/// One `--network`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    target: String,
    aliases: Vec<String>,
}

impl NetworkFlags {
    /// The container that is named.
    pub fn other(&self) -> Option<&str> {
        self.network.iter().find_map(|text| text.strip_prefix("container:"))
    }

    /// The network, a container's by id, and the names the container has in it.
    pub fn network(&self, there: Known<'_>) -> Result<(Network, Vec<String>), String> {
        let wanted = self.network.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
        let network = match wanted.as_slice() {
            [] => there.default.clone(),
            [one] => known(&one.target, there)?,
            several => joined(several, there)?,
        };
        let aliases: Vec<String> = wanted
            .into_iter()
            .flat_map(|one| one.aliases)
            .chain(self.network_alias.iter().cloned())
            .collect();
        let named = matches!(&network, Network::Joined(names) if names.iter().all(|name| name != "bridge"));
        if !aliases.is_empty() && !named {
            return Err(
                "--network-alias is a name within a network of the store: name one with --network".into()
            );
        }
        Ok((network, aliases))
    }
}

/// `NAME`, or `name=NAME,alias=ALIAS`.
fn parse(text: &str) -> Result<Wanted, String> {
    // In `slirp4netns:mtu=1500` the key is podman's.
    let is_short = text.split_once('=').is_none_or(|(key, _)| key.contains(':'));
    if is_short {
        return match text {
            "" => Err("--network '' names no network".into()),
            target => Ok(Wanted { target: target.to_string(), aliases: Vec::new() }),
        };
    }
    let mut wanted = Wanted { target: String::new(), aliases: Vec::new() };
    for field in csv::fields(text).map_err(|why| format!("--network {why}"))? {
        match field.split_once('=') {
            Some(("name", value)) => wanted.target = value.to_string(),
            Some(("alias", value)) => wanted.aliases.push(value.to_string()),
            _ => return Err(format!("--network '{text}': '{field}' is not known, name= and alias= are")),
        }
    }
    match wanted.target.is_empty() {
        true => Err(format!("--network '{text}' has no name=NETWORK")),
        false => Ok(wanted),
    }
}

fn known(target: &str, there: Known<'_>) -> Result<Network, String> {
    // podman's networks with a program that carries traffic out; what else it was to be told is ours to decide.
    let program = target.split(':').next().unwrap_or_default();
    if let Some(program) = UserModeProgram::named(program) {
        return Ok(Network::UserMode(program));
    }
    match (target, program) {
        ("none", _) => Ok(Network::None),
        ("host", _) => Ok(Network::Host),
        ("private", _) => Ok(Network::Private),
        ("bridge" | "default", _) => Ok(Network::Joined(vec!["bridge".into()])),
        (_, "container") => match target.strip_prefix("container:").filter(|name| !name.is_empty()) {
            Some(name) => (there.find)(name).map(Network::Container),
            None => Err(format!("--network '{target}' names no container: container:NAME was expected")),
        },
        (name, _) if (there.exists)(name)? => Ok(Network::Joined(vec![name.to_string()])),
        (name, _) => Err(format!(
            "there is no network '{name}': 'plimsoll network create' makes one; bridge, none, host and \
                 private are always there"
        )),
    }
}

/// Several networks: all of the store, none of them twice (docker's cli, parseNetworkOpts).
fn joined(several: &[Wanted], there: Known<'_>) -> Result<Network, String> {
    let mut names: Vec<String> = Vec::new();
    for Wanted { target, .. } in several {
        match known(target, there)? {
            Network::Joined(name) if target != "bridge" && target != "default" => names.extend(name),
            _ => return Err(format!("--network {target} goes with no other network: leave the others out")),
        }
        if several.iter().filter(|other| other.target == *target).count() > 1 {
            return Err(format!("--network {target} is given more than once"));
        }
    }
    Ok(Network::Joined(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(targets: &[&str], aliases: &[&str]) -> Result<(Network, Vec<String>), String> {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_string()).collect();
        let flags = NetworkFlags { network: own(targets), network_alias: own(aliases) };
        flags.network(Known {
            default: &Network::Private,
            exists: &|name| Ok(["back", "front"].contains(&name)),
            find: &|name| if name == "web" { Ok("0123".into()) } else { Err(format!("no {name}")) },
        })
    }

    #[test]
    fn modes() {
        let mode = |target: &str| network(&[target], &[]).map(|(network, _)| network);
        assert_eq!((mode("none"), mode("host")), (Ok(Network::None), Ok(Network::Host)));
        assert_eq!(mode("private"), Ok(Network::Private));
        for (program, names) in [
            (UserModeProgram::Pasta, ["pasta", "pasta:-I,tap0"]),
            (UserModeProgram::Slirp4netns, ["slirp4netns", "slirp4netns:mtu=1500"]),
        ] {
            for name in names {
                assert_eq!(mode(name), Ok(Network::UserMode(program)), "{name}");
            }
        }
        for bridge in ["bridge", "default", "name=bridge"] {
            assert_eq!(mode(bridge), Ok(Network::Joined(vec!["bridge".into()])), "{bridge}");
        }
        assert_eq!(mode("container:web"), Ok(Network::Container("0123".into())));
        assert_eq!(network(&[], &[]), Ok((Network::Private, vec![])));
        for (bad, why) in [
            ("", "no network"),
            ("nope", "'nope'"),
            ("container:", "container:NAME"),
            ("container", "container:NAME"),
            ("container:gone", "no gone"),
            ("alias=a", "name="),
            ("name=bridge,ip=1.2.3.4", "'ip=1.2.3.4'"),
            ("ns:/proc/1/ns/net", "no network"),
        ] {
            let said = mode(bad).unwrap_err();
            assert!(said.contains(why), "{bad}: {said}");
        }
    }

    #[test]
    fn several_are_networks_of_the_store() {
        assert!(network(&["bridge", "none"], &[]).unwrap_err().contains("bridge goes with no other"));
        assert!(network(&["host", "host"], &[]).is_err());
        let both = network(&["back", "name=front,alias=x"], &["y"]).unwrap();
        assert_eq!(both.0, Network::Joined(vec!["back".into(), "front".into()]));
        assert_eq!(both.1, ["x", "y"]);
        assert_eq!(parse("name=a,alias=b,alias=c").unwrap().aliases, ["b", "c"]);
        for target in ["host", "bridge", "none"] {
            assert!(network(&[target], &["x"]).unwrap_err().contains("--network-alias"), "{target}");
        }
    }
}
