//! What every RUN of a build gets from the command line.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use plimsoll_model::user::nearest;
use plimsoll_runtime::plan::{Limit, Resource, Secret, resource};

/// What every RUN of a build gets from the command line.
#[derive(Debug, Clone, Default)]
pub struct RunSettings {
    /// `--secret`, by id.
    pub secrets: BTreeMap<String, Secret>,
    /// `--ssh`: sockets of agents, by id.
    pub agents: BTreeMap<String, PathBuf>,
    /// `--add-host`: names with their addresses, in order.
    pub hosts: Vec<(String, IpAddr)>,
    /// `--network=none`: a RUN that says nothing has loopback only.
    pub no_network: bool,
    /// `--shm-size`: bytes of `/dev/shm`.
    pub shm_size: Option<u64>,
    /// `--ulimit`.
    pub limits: Vec<Limit>,
}

/// Read `NAME:IP` or `NAME=IP` of `--add-host`; an IPv6 address may stand in brackets.
pub fn host_mapping(text: &str) -> Result<(String, IpAddr), String> {
    let expected = "NAME:IP was expected, such as db:10.0.0.5";
    let Some((name, address)) = text.split_once(['=', ':']) else {
        return Err(format!("'{text}' names no address: {expected}"));
    };
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(format!("'{text}' names no host: {expected}"));
    }
    if address == "host-gateway" {
        return Err(format!(
            "'{text}': a RUN shares the machine's network, so the machine is reached as 127.0.0.1; write {name}:127.0.0.1"
        ));
    }
    let bare = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
    let ip = bare.parse().map_err(|_| format!("'{address}' is no IP address: {expected}"))?;
    Ok((name.to_string(), ip))
}

/// Read `NAME=SOFT[:HARD]` of `--ulimit`; -1 is no limit.
pub fn ulimit(text: &str) -> Result<Limit, String> {
    let expected = "NAME=SOFT[:HARD] was expected, such as nofile=1024:4096";
    let Some((name, values)) = text.split_once('=') else {
        return Err(format!("'{text}' has no value: {expected}"));
    };
    let resource = named(name)?;
    let number = |text: &str| match text.parse::<i64>() {
        Ok(-1) => Ok(None),
        Ok(number @ 0..) => Ok(Some(number.unsigned_abs())),
        _ => Err(format!("'{text}' is no limit: {expected}")),
    };
    let (soft, hard) = values.split_once(':').unwrap_or((values, values));
    let (soft, hard) = (number(soft)?, number(hard)?);
    let above = |soft: Option<u64>, hard: Option<u64>| match (soft, hard) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(soft), Some(hard)) => soft > hard,
    };
    match above(soft, hard) {
        true => Err(format!("'{text}': the first value may not be above the second, which is its limit")),
        false => Ok(Limit { resource, soft, hard }),
    }
}

fn named(name: &str) -> Result<Resource, String> {
    resource(name).map_err(|known| {
        let known: Vec<String> = known.iter().map(|name| (*name).to_string()).collect();
        match nearest(name, known.iter()) {
            Some(near) => format!("there is no limit '{name}'; did you mean '{near}'?"),
            None => format!("there is no limit '{name}'; there are {}", known.join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_in_both_forms() {
        assert_eq!(host_mapping("db:10.0.0.5"), Ok(("db".to_string(), "10.0.0.5".parse().unwrap())));
        assert_eq!(host_mapping("db=::1"), Ok(("db".to_string(), "::1".parse().unwrap())));
        assert_eq!(host_mapping("db:[fe80::1]"), Ok(("db".to_string(), "fe80::1".parse().unwrap())));
        for wrong in ["db", ":10.0.0.1", "a b:10.0.0.1", "db:10.0.0", "db:host-gateway", "a\nb:1.1.1.1", ""] {
            assert!(host_mapping(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits() {
        let limit = |soft, hard| Ok(Limit { resource: Resource::Nofile, soft, hard });
        assert_eq!(ulimit("nofile=5"), limit(Some(5), Some(5)));
        assert_eq!(ulimit("nofile=5:-1"), limit(Some(5), None));
        assert_eq!(ulimit("nofiles=5").unwrap_err(), "there is no limit 'nofiles'; did you mean 'nofile'?");
        for wrong in ["nofile", "nofile=", "nofile=6:5", "nofile=-1:5", "nofile=-2", "=1", "nofile=a"] {
            assert!(ulimit(wrong).is_err(), "{wrong}");
        }
    }
}
