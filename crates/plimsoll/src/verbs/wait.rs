//! `plimsoll wait`.

use clap::Args;

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};

/// Wait until containers have ended and print their exit codes.
#[derive(Args)]
pub struct Wait {
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Wait {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        each(&self.containers, |_, _, container| {
            let waited = container.wait().map_err(CommandError::failure)?;
            Ok(waited.code().map_or("unknown".to_string(), |code| code.to_string()))
        })
    }
}
