//! `plimsoll volume rm`.

use clap::Args;
use plimsoll_runtime::volume::VolumeError;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Remove volumes that no container has.
#[derive(Args)]
pub struct Remove {
    /// It is no failure if one is not there.
    #[arg(short, long)]
    force: bool,
    /// Names.
    #[arg(required = true)]
    names: Vec<String>,
}

impl Remove {
    /// Run the verb; the failures are told together at the end.
    pub fn execute(self) -> CommandResult {
        let volumes = Session::open()?.volumes()?;
        let mut failed = Vec::new();
        for name in &self.names {
            match volumes.remove(name) {
                Err(VolumeError::NotFound { .. }) if self.force => terminal::print(&format!("{name}\n")),
                Err(error) => failed.push(CommandError::failure(error)),
                Ok(()) => terminal::print(&format!("{name}\n")),
            }
        }
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}
