//! `plimsoll network inspect`.

use clap::Args;
use plimsoll_template::Value;

use super::{document, find, open};
use crate::command_error::{CommandError, CommandResult};
use crate::terminal;
use crate::verbs::inspect::{Output, output};

/// Print all that is known about networks, as docker's JSON.
#[derive(Args)]
pub(super) struct Inspect {
    /// json for one line of JSON, or a Go template such as '{{range .IPAM.Config}}{{.Subnet}}{{end}}'.
    #[arg(short, long, value_name = "FORMAT", default_value = "", value_parser = output)]
    format: Output,
    /// Names or ids.
    #[arg(required = true, value_name = "NETWORK")]
    networks: Vec<String>,
}

impl Inspect {
    /// What was found is printed although something else was not.
    pub fn execute(self) -> CommandResult {
        let (_, networks) = open()?;
        let (mut found, mut failed): (Vec<Value>, Vec<CommandError>) = (Vec::new(), Vec::new());
        for name in &self.networks {
            let document = find(&networks, name).and_then(|network| {
                let leases = networks.leases(&network).map_err(CommandError::failure)?;
                Ok(document::of_network(&networks, &network, &leases))
            });
            match document {
                Ok(document) => found.push(document),
                Err(error) => failed.push(error),
            }
        }
        terminal::print(&self.format.show(found)?);
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}
