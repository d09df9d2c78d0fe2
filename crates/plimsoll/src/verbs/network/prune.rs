//! `plimsoll network prune`.

use clap::Args;
use plimsoll_runtime::network::NetworkError;

use super::open;
use crate::command_error::{CommandError, CommandResult};
use crate::terminal;
use crate::verbs::prune_flags::PruneFlags;

/// Remove all networks that no container is in, but not those that exist by themselves.
#[derive(Args)]
pub(super) struct Prune {
    #[command(flatten)]
    flags: PruneFlags,
}

impl Prune {
    pub fn execute(self) -> CommandResult {
        if !self.flags.are_confirmed("all custom networks not used by at least one container") {
            return Ok(0);
        }
        let (_, networks) = open()?;
        let listing = networks.list().map_err(CommandError::failure)?;
        let custom = listing.networks.iter().filter(|network| !network.is_predefined());
        let mut removed = Vec::new();
        for network in custom {
            if !self.flags.mean(network.created, &network.labels) {
                continue;
            }
            match networks.remove(network) {
                Ok(()) => removed.push(network.name.as_str()),
                Err(NetworkError::InUse { .. }) => {}
                Err(error) => return Err(CommandError::failure(error)),
            }
        }
        if !removed.is_empty() {
            terminal::print(&format!("Deleted Networks:\n{}\n\n", removed.join("\n")));
        }
        Ok(0)
    }
}
