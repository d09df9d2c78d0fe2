//! `plimsoll port`.

use clap::Args;
use plimsoll_model::PortSpec;
use plimsoll_runtime::container::State;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Print which ports of this machine lead into a container.
#[derive(Args)]
pub struct Port {
    /// Name or id of the container.
    container: String,
    /// Only those that lead to this port, as 80 or 53/udp.
    port: Option<String>,
}

impl Port {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_outside()?;
        let container = session.containers()?.find(&self.container).map_err(CommandError::failure)?;
        let State::Running { run, .. } = container.state().map_err(CommandError::failure)? else {
            return match &self.port {
                Some(port) => Err(self.not_published(port)),
                None => Ok(0),
            };
        };
        let Some(wanted) = &self.port else {
            let lines = run.ports.iter().map(|port| format!("{} -> {}\n", port.container, port.host));
            terminal::print(&lines.collect::<String>());
            return Ok(0);
        };
        let spec = PortSpec::parse(wanted)
            .ok_or_else(|| CommandError::usage(format!("'{wanted}' is no port; 80 and 53/udp are")))?;
        let lines: String = run
            .ports
            .iter()
            .filter(|port| port.container == spec)
            .map(|port| format!("{}\n", port.host))
            .collect();
        if lines.is_empty() {
            return Err(self.not_published(&spec.to_string()));
        }
        terminal::print(&lines);
        Ok(0)
    }

    fn not_published(&self, port: &str) -> CommandError {
        CommandError::failure(format!("no port of this machine leads to {port} of {}", self.container))
    }
}
