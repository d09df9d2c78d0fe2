//! How a container finds others by name: `--dns`, `--dns-search`, `--dns-option`, `--add-host`.

use std::net::IpAddr;

use clap::Args;
use plimsoll_model::launch::{HostEntry, Naming};

/// Names.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Network")]
pub struct NamingFlags {
    /// One more line of /etc/hosts; host-gateway is the address of this machine.
    #[arg(long, value_name = "NAME:ADDRESS", value_parser = host)]
    pub add_host: Vec<HostEntry>,
    /// Ask this name server instead of the machine's.
    #[arg(long, value_name = "ADDRESS", value_parser = server)]
    pub dns: Vec<IpAddr>,
    /// Look names up in this domain instead of the machine's; . alone: in none.
    #[arg(long, value_name = "DOMAIN", value_parser = domain)]
    dns_search: Vec<String>,
    /// An option of /etc/resolv.conf instead of the machine's.
    #[arg(long, alias = "dns-opt", value_name = "OPTION", value_parser = option)]
    dns_option: Vec<String>,
}

impl NamingFlags {
    /// All of it, with the container's further names.
    pub fn naming(&self, aliases: Vec<String>) -> Naming {
        Naming {
            hosts: self.add_host.clone(),
            servers: self.dns.clone(),
            search: self.dns_search.clone(),
            options: self.dns_option.clone(),
            aliases,
        }
    }
}

/// `NAME:ADDRESS` or `NAME=ADDRESS`; an address may stand in brackets.
fn host(text: &str) -> Result<HostEntry, String> {
    let (name, address) = text
        .split_once('=')
        .or_else(|| text.split_once(':'))
        .filter(|(name, _)| !name.is_empty() && !name.contains(':'))
        .ok_or("NAME:ADDRESS was expected")?;
    if name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(format!("'{name}' is no name: it would not be one word of /etc/hosts"));
    }
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let address = match bare {
        "host-gateway" => None,
        bare => Some(bare.trim().parse().map_err(|_| format!("'{bare}' is no address"))?),
    };
    Ok(HostEntry { name: name.to_string(), address })
}

fn server(text: &str) -> Result<IpAddr, String> {
    text.trim().parse().map_err(|_| "an address such as 192.0.2.1 was expected".to_string())
}

/// docker's rule (cli opts, ValidateDNSSearch): labels of letters, digits and inner dashes, one letter
/// among them.
fn domain(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text == "." {
        return Ok(text.to_string());
    }
    let bare = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let good =
        bare.split('.').all(label) && bare.contains(|c: char| c.is_ascii_alphabetic()) && bare.len() < 255;
    good.then(|| bare.to_string()).ok_or_else(|| "a domain such as example.com was expected".into())
}

/// One word of the `options` line.
fn option(text: &str) -> Result<String, String> {
    match text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        true => Err("one word such as ndots:2 was expected".into()),
        false => Ok(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(name: &str, address: &str) -> Result<HostEntry, String> {
        Ok(HostEntry { name: name.to_string(), address: address.parse().ok() })
    }

    #[test]
    fn hosts() {
        for (text, name, address) in [
            ("a:1.2.3.4", "a", "1.2.3.4"),
            ("a=1.2.3.4", "a", "1.2.3.4"),
            ("b:::1", "b", "::1"),
            ("b=::1", "b", "::1"),
            ("c:[2001:db8::1]", "c", "2001:db8::1"),
            ("d:host-gateway", "d", ""),
            ("e=host-gateway", "e", ""),
        ] {
            assert_eq!(host(text), entry(name, address), "{text}");
        }
        for bad in [
            "",
            "a",
            ":1.2.3.4",
            "=1.2.3.4",
            "a:b:1.2.3.4",
            "a:",
            "a:[]",
            "a:x",
            "a b:1.2.3.4",
            "a\n:1.2.3.4",
            "a:b=1.2.3.4",
        ] {
            assert!(host(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn servers_domains_options() {
        assert_eq!(server(" ::1").unwrap().to_string(), "::1");
        assert_eq!((domain("."), domain("a.b-c.")), (Ok(".".into()), Ok("a.b-c".into())));
        for bad in ["", "1.2", "a_b", "-a", "a-", "a..b", "a b"] {
            assert!(domain(bad).is_err(), "{bad}");
        }
        for bad in ["", "x", "[::1]", "1.2.3"] {
            assert!(server(bad).is_err(), "{bad}");
        }
        assert!(option("ndots:2").is_ok() && option("a b").is_err() && option("").is_err());
    }

    proptest! {
        #[test]
        fn an_entry_prints_back(name in "[a-z][a-z0-9.-]{0,8}", address: std::net::IpAddr, any in ".{0,16}") {
            let expected = HostEntry { name: name.clone(), address: Some(address) };
            for text in [format!("{name}:{address}"), format!("{name}=[{address}]")] {
                prop_assert_eq!(host(&text), Ok(expected.clone()));
            }
            let _ = (host(&any), server(&any), domain(&any));
        }
    }
}
