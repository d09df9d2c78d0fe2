//! `plimsoll pause`.

use clap::Args;

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};

/// Let all processes of containers stand still.
#[derive(Args)]
pub struct Pause {
    /// Names or ids.
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Pause {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        each(&self.containers, |_, name, container| {
            container.pause().map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}
