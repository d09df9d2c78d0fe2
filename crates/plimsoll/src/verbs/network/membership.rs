//! `plimsoll network connect` and `disconnect`.

use std::net::Ipv4Addr;

use clap::Args;
use plimsoll_runtime::container::ContainerError;
use plimsoll_runtime::host::IdMap;
use plimsoll_runtime::network::NetworkError;

use super::{failure, find, open};
use crate::command_error::{CommandError, CommandResult};

/// Bring a running container into a network.
#[derive(Args)]
pub(super) struct Connect {
    /// A further name there.
    #[arg(long, value_name = "NAME")]
    alias: Vec<String>,
    /// Its address there; a free one if not given.
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<Ipv4Addr>,
    /// Name or id.
    network: String,
    /// Name or id.
    container: String,
}

/// Take a running container out of a network.
#[derive(Args)]
pub(super) struct Disconnect {
    /// docker's flag: also a container that has ended, whose place is free already.
    #[arg(short, long)]
    force: bool,
    /// Name or id.
    network: String,
    /// Name or id.
    container: String,
}

impl Connect {
    pub fn execute(self) -> CommandResult {
        let (session, networks) = open()?;
        let container = session.containers()?.find(&self.container).map_err(CommandError::failure)?;
        let network = find(&networks, &self.network)?;
        let ids = if rustix::process::geteuid().is_root() { session.host.ids } else { IdMap::Single };
        networks.connect(&network, &container, self.ip, &self.alias, &ids).map_err(failure)?;
        Ok(0)
    }
}

impl Disconnect {
    pub fn execute(self) -> CommandResult {
        let (session, networks) = open()?;
        let container = session.containers()?.find(&self.container).map_err(CommandError::failure)?;
        let network = find(&networks, &self.network)?;
        match networks.disconnect(&network, &container) {
            Err(NetworkError::State(ContainerError::NotRunning { .. })) if self.force => Ok(0),
            result => result.map(|()| 0).map_err(failure),
        }
    }
}
