//! `plimsoll network rm`.

use clap::Args;
use plimsoll_runtime::network::{NetworkError, Networks};

use super::{failure, open};
use crate::command_error::{CommandError, CommandResult};
use crate::terminal;

/// Remove networks that no container is in.
#[derive(Args)]
pub(super) struct Rm {
    /// Names or ids.
    #[arg(required = true, value_name = "NETWORK")]
    networks: Vec<String>,
}

impl Rm {
    pub fn execute(self) -> CommandResult {
        let (_, networks) = open()?;
        let mut failed = Vec::new();
        for name in &self.networks {
            match remove(&networks, name) {
                Ok(()) => terminal::print(&format!("{name}\n")),
                Err(error) => failed.push(failure(error)),
            }
        }
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}

fn remove(networks: &Networks, name: &str) -> Result<(), NetworkError> {
    match networks.find(name) {
        Err(NetworkError::Damaged { .. }) => networks.remove_damaged(name),
        network => networks.remove(&network?),
    }
}
