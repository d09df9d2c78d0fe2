//! `plimsoll kill`.

use clap::Args;
use plimsoll_model::Signal;

use super::each_container::each;
use crate::command_error::{CommandError, CommandResult};

/// Send a signal to PID 1 of containers.
#[derive(Args)]
pub struct Kill {
    /// The signal.
    #[arg(short, long, default_value = "KILL")]
    signal: String,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

impl Kill {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let signal = Signal::parse(&self.signal)
            .ok_or_else(|| CommandError::usage(format!("'{}' is no signal", self.signal)))?;
        each(&self.containers, |_, name, container| {
            container.kill(signal).map_err(CommandError::failure)?;
            Ok(name.to_string())
        })
    }
}
