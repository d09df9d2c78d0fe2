//! `plimsoll ps`.

use clap::Args;
use plimsoll_runtime::container::{Container, State};

use super::format::TableOrJson;
use crate::command_error::{CommandError, CommandResult};
use crate::render::contract::shorten;
use crate::render::table::table;
use crate::session::Session;
use crate::terminal;

/// List containers.
#[derive(Args)]
pub struct Ps {
    /// Also those that do not run.
    #[arg(short, long)]
    all: bool,
    /// Print ids only.
    #[arg(short, long)]
    quiet: bool,
    /// Print whole ids and commands.
    #[arg(long)]
    no_trunc: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    format: TableOrJson,
}

impl Ps {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_outside()?;
        let listing = session.containers()?.list().map_err(CommandError::failure)?;
        let mut lines = Vec::new();
        for container in &listing.containers {
            // Removed while we look: no longer to be listed.
            let Ok(state) = container.state() else { continue };
            if self.all || state.is_running() {
                lines.push((container, state));
            }
        }
        let text = match (self.quiet, self.format) {
            (true, _) => lines.iter().map(|(container, _)| format!("{}\n", self.id(container))).collect(),
            (_, TableOrJson::Table) => self.table(&lines),
            (_, TableOrJson::Json) => {
                lines.iter().map(|(container, state)| format!("{}\n", self.json(container, state))).collect()
            }
        };
        terminal::print(&text);
        for (id, error) in &listing.damaged {
            terminal::eprint(&format!("warning: container {}: {error}\n", id.get(..12).unwrap_or(id)));
        }
        Ok(0)
    }

    fn id<'a>(&self, container: &'a Container) -> &'a str {
        if self.no_trunc { container.id() } else { container.record().short_id() }
    }

    fn table(&self, lines: &[(&Container, State)]) -> String {
        let now = jiff::Timestamp::now();
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|(container, state)| {
                let record = container.record();
                let command = record.spec.argv.join(" ");
                let command = if self.no_trunc { command } else { shorten(&command, 19) };
                vec![
                    self.id(container).to_string(),
                    record.image.clone(),
                    format!("\"{command}\""),
                    format!("{} ago", plimsoll_runtime::container::state::since(record.created, now)),
                    state.status(now),
                    ports(state),
                    record.name.clone(),
                ]
            })
            .collect();
        table(&["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"], &rows)
    }

    fn json(&self, container: &Container, state: &State) -> serde_json::Value {
        let record = container.record();
        serde_json::json!({
            "ID": self.id(container),
            "Image": record.image,
            "Command": record.spec.argv.join(" "),
            "CreatedAt": record.created.to_string(),
            "Status": state.status(jiff::Timestamp::now()),
            "State": state.word(),
            "Ports": ports(state),
            "Names": record.name,
        })
    }
}

fn ports(state: &State) -> String {
    match state {
        State::Running { run, .. } => {
            run.ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}
