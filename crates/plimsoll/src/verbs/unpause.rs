//! `plimsoll unpause`.

use clap::Args;

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};

/// Let paused containers go on.
#[derive(Args)]
pub struct Unpause {
    /// Names or ids.
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Unpause {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        each(&self.containers, |_, name, container| {
            container.unpause().map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}
