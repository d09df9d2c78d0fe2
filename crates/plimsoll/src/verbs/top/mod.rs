//! `plimsoll top`.
//!
//! Reads /proc from outside; no `ps` is started, neither the host's nor one of the container, which could
//! be anything (podman's `top` did, CVE-2022-1227).

use clap::Args;

use self::field::Scene;
use crate::command_error::{CommandError, CommandResult};
use crate::render::table::table;
use crate::session::Session;
use crate::terminal;

mod field;
mod options;

/// List the processes of a container.
#[derive(Args)]
#[command(override_usage = "plimsoll top CONTAINER [PS OPTIONS]")]
pub struct Top {
    /// Name or id, then options of ps: -ef (if none is given), aux, or -o FIELD,...
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CONTAINER [PS OPTION]"
    )]
    words: Vec<String>,
}

impl Top {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let Some((name, options)) = self.words.split_first() else {
            return Err(CommandError::usage("no container was given"));
        };
        let fields = options::parse(options).map_err(CommandError::usage)?;
        let container = Session::open_outside()?.containers()?.find(name).map_err(CommandError::failure)?;
        let processes = container.process_rows().map_err(CommandError::failure)?;
        let scene = Scene::now();
        let heading: Vec<&str> = fields.iter().map(|(heading, _)| *heading).collect();
        let cells = |process| fields.iter().map(|(_, field)| (field.show)(process, &scene)).collect();
        let rows: Vec<Vec<String>> = processes.iter().map(cells).collect();
        terminal::print(&table(&heading, &rows));
        Ok(0)
    }
}
