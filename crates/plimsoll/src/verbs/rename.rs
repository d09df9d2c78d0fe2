//! `plimsoll rename`.

use clap::Args;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;

/// Give a container another name.
#[derive(Args)]
pub struct Rename {
    /// Name or id of the container.
    container: String,
    /// Its new name.
    name: String,
}

impl Rename {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let containers = Session::open_outside()?.containers()?;
        let container = containers.find(&self.container).map_err(CommandError::failure)?;
        containers.rename(&container, &self.name).map_err(CommandError::failure)?;
        Ok(0)
    }
}
