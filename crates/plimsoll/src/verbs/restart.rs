//! `plimsoll restart`.

use clap::Args;

use super::each_container::each_in;
use super::start::{open_to_start, start_unless_active};
use super::stop::StopFlags;
use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;

/// Stop containers, if they run, and start them.
#[derive(Args)]
pub struct Restart {
    #[command(flatten)]
    how: StopFlags,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Restart {
    /// Run the verb. Running containers are stopped from outside, before a user namespace is entered in
    /// which they can be started.
    pub fn execute(self) -> CommandResult {
        let (signal, grace) = (self.how.signal()?, self.how.grace());
        let outside = Session::open_outside()?.containers()?;
        for container in self.containers.iter().filter_map(|name| outside.find(name).ok()) {
            container.stop(signal, grace).map_err(CommandError::failure)?;
        }
        let session = open_to_start(&self.containers)?;
        each_in(&session, &self.containers, |session, name, container| {
            start_unless_active(session, container)?;
            Ok(name.to_string())
        })
    }
}
