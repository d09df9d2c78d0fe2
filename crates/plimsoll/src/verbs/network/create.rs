//! `plimsoll network create`.

use std::net::Ipv4Addr;

use clap::{Args, ValueEnum};
use plimsoll_runtime::network::{NewNetwork, Subnet};

use super::{failure, open};
use crate::command_error::CommandResult;
use crate::terminal;

/// Make a network; its containers find each other by name.
#[derive(Args)]
pub(super) struct Create {
    /// What it is made of.
    #[arg(short, long, value_enum, default_value = "bridge")]
    driver: Driver,
    /// Its addresses, as 10.1.0.0/16; a free subnet if not given.
    #[arg(long, value_name = "SUBNET")]
    subnet: Option<Subnet>,
    /// The host's address in it; the first one if not given.
    #[arg(long, value_name = "ADDRESS", requires = "subnet")]
    gateway: Option<Ipv4Addr>,
    /// Nothing leads out of it.
    #[arg(long)]
    internal: bool,
    /// Write a label on it.
    #[arg(long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Its name.
    #[arg(value_name = "NETWORK")]
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Driver {
    Bridge,
}

impl Create {
    pub fn execute(self) -> CommandResult {
        let (_, networks) = open()?;
        let Driver::Bridge = self.driver;
        let new = NewNetwork {
            name: self.name,
            subnet: self.subnet,
            gateway: self.gateway,
            internal: self.internal,
            labels: labels(&self.label),
        };
        let network = networks.create(&new, jiff::Timestamp::now()).map_err(failure)?;
        terminal::print(&format!("{}\n", network.id));
        Ok(0)
    }
}

/// Of several with one key the last one counts, as in docker.
fn labels(texts: &[String]) -> Vec<(String, String)> {
    let mut labels: Vec<(String, String)> = Vec::new();
    for text in texts {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match labels.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value.to_string(),
            None => labels.push((key.to_string(), value.to_string())),
        }
    }
    labels
}
