//! `plimsoll volume ls`.

use clap::Args;
use plimsoll_runtime::volume::Volume;
use plimsoll_template::{Column, Listing, Value};

use super::filter::{self, Filter};
use crate::command_error::{CommandError, CommandResult};
use crate::render::time::UNKNOWN;
use crate::session::Session;
use crate::terminal;
use crate::verbs::format::{self, ListFormat};

/// List volumes.
#[derive(Args)]
pub struct List {
    /// Print names only.
    #[arg(short, long)]
    quiet: bool,
    /// Only volumes that fit: dangling=true, driver=local, label=KEY[=VALUE], name=PART.
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// table, json, or a Go template over Name, Driver, Scope, Mountpoint, Labels and Size.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
}

const COLUMNS: [Column; 10] = [
    Column { name: "Availability", heading: "AVAILABILITY" },
    Column { name: "Driver", heading: "DRIVER" },
    Column { name: "Group", heading: "GROUP" },
    Column { name: "Labels", heading: "LABELS" },
    Column { name: "Links", heading: "LINKS" },
    Column { name: "Mountpoint", heading: "MOUNTPOINT" },
    Column { name: "Name", heading: "VOLUME NAME" },
    Column { name: "Scope", heading: "SCOPE" },
    Column { name: "Size", heading: "SIZE" },
    Column { name: "Status", heading: "STATUS" },
];

/// docker's usual table.
const TABLE: &str = "table {{.Driver}}\t{{.Name}}";

impl List {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let volumes = Session::open_to_look()?.volumes()?;
        let listing = volumes.list().map_err(CommandError::failure)?;
        let users = volumes.users().map_err(CommandError::failure)?;
        let fitting: Vec<&Volume> = listing
            .volumes
            .iter()
            .filter(|volume| filter::fits(&self.filter, volume, users.contains_key(volume.name())))
            .collect();
        self.print(&fitting)?;
        for (name, error) in &listing.damaged {
            terminal::eprint(&format!("warning: volume {name}: {error}\n"));
        }
        Ok(0)
    }

    fn print(&self, volumes: &[&Volume]) -> Result<(), CommandError> {
        if self.quiet {
            let names = volumes.iter().map(|volume| format!("{}\n", volume.name()));
            terminal::print(&names.collect::<String>());
            return Ok(());
        }
        let rows: Vec<Value> = volumes.iter().map(|volume| row(volume)).collect();
        match &self.format {
            ListFormat::Rows(listing) => format::print_rows(listing, &COLUMNS, &rows),
            ListFormat::Table => {
                let listing = Listing::parse(TABLE).map_err(format::wrong_template)?;
                format::print_rows(&listing, &COLUMNS, &rows)
            }
        }
    }
}

/// docker's fields, in the order of [`COLUMNS`].
fn row(volume: &Volume) -> Value {
    let labels: Vec<String> = volume.labels().iter().map(|(key, value)| format!("{key}={value}")).collect();
    let unknown = || UNKNOWN.to_string();
    let cells = [
        unknown(),
        "local".to_string(),
        unknown(),
        labels.join(","),
        unknown(),
        volume.mount_point().display().to_string(),
        volume.name().to_string(),
        "local".to_string(),
        unknown(),
        unknown(),
    ];
    format::row(&COLUMNS, cells)
}
