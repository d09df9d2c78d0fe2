//! `plimsoll stats`.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::Args;
use plimsoll_model::quantity::{binary_bytes, short_bytes};
use plimsoll_runtime::container::{Container, Containers};
use plimsoll_runtime::usage::Usage;
use plimsoll_template::{Column, Value};

use super::format::{self, ListFormat};
use crate::command_error::{CommandError, CommandResult};
use crate::render::table::table;
use crate::session::Session;
use crate::terminal;

/// Show what containers use of the machine, again and again.
#[derive(Args)]
pub struct Stats {
    /// Also those that do not run.
    #[arg(short, long)]
    all: bool,
    /// Show it once.
    #[arg(long)]
    no_stream: bool,
    /// Print whole ids.
    #[arg(long)]
    no_trunc: bool,
    /// table, json, or a Go template over Container, ID, Name, CPUPerc, MemUsage, MemPerc, NetIO, BlockIO
    /// and PIDs.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
    /// Names or ids; all that run if none is given.
    #[arg(value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// The time between two looks, from which the share of a processor is known.
const INTERVAL: Duration = Duration::from_secs(1);

const COLUMNS: [Column; 9] = [
    Column { name: "Container", heading: "CONTAINER" },
    Column { name: "ID", heading: "CONTAINER ID" },
    Column { name: "Name", heading: "NAME" },
    Column { name: "CPUPerc", heading: "CPU %" },
    Column { name: "MemUsage", heading: "MEM USAGE / LIMIT" },
    Column { name: "MemPerc", heading: "MEM %" },
    Column { name: "NetIO", heading: "NET I/O" },
    Column { name: "BlockIO", heading: "BLOCK I/O" },
    Column { name: "PIDs", heading: "PIDS" },
];

/// A container at one moment.
struct Look {
    container: Container,
    /// What it was asked for by.
    key: String,
    /// Nothing if it does not run.
    usage: Usage,
}

impl Stats {
    /// Run the verb. Ends by itself only when asked to show it once, or when nothing is left to show of
    /// what was named.
    pub fn execute(self) -> CommandResult {
        let containers = Session::open_outside()?.containers()?;
        let find = |key: &String| containers.find(key).map(|container| (key.clone(), container));
        let named = self.containers.iter().map(find).collect::<Result<Vec<_>, _>>();
        let named = named.map_err(CommandError::failure)?;
        let mut earlier = self.look(&containers, &named)?;
        loop {
            std::thread::sleep(INTERVAL);
            let now = self.look(&containers, &named)?;
            self.show(&earlier, &now)?;
            if self.no_stream || (now.is_empty() && !named.is_empty()) {
                return Ok(0);
            }
            earlier = now;
        }
    }

    fn look(
        &self,
        containers: &Containers,
        named: &[(String, Container)],
    ) -> Result<Vec<Look>, CommandError> {
        let listed = match named {
            [] => containers.list().map_err(CommandError::failure)?.containers,
            _ => Vec::new(),
        };
        let listed = listed.into_iter().map(|container| (self.id(&container), container));
        let looks = named.iter().cloned().chain(listed).filter_map(|(key, container)| {
            // One that is gone has no state any more.
            let runs = container.state().ok()?.is_running();
            let wanted = runs || self.all || !named.is_empty();
            // It may end just now.
            wanted.then(|| Look { usage: container.usage().unwrap_or_default(), key, container })
        });
        Ok(looks.collect())
    }

    fn show(&self, earlier: &[Look], now: &[Look]) -> Result<(), CommandError> {
        let rows: Vec<Vec<String>> = now
            .iter()
            .map(|look| {
                let before = earlier.iter().find(|before| before.container.id() == look.container.id());
                self.cells(look, before.map_or(look.usage, |before| before.usage))
            })
            .collect();
        if !self.no_stream && std::io::stdout().is_terminal() {
            // To the upper left, and nothing below.
            terminal::print("\x1b[H\x1b[J");
        }
        match &self.format {
            ListFormat::Table => {
                let heading: Vec<&str> = COLUMNS[1..].iter().map(|column| column.heading).collect();
                let rows: Vec<Vec<String>> = rows.iter().map(|row| row[1..].to_vec()).collect();
                terminal::print(&table(&heading, &rows));
                Ok(())
            }
            ListFormat::Rows(listing) => {
                let rows: Vec<Value> = rows.into_iter().map(|row| format::row(&COLUMNS, row)).collect();
                format::print_rows(listing, &COLUMNS, &rows)
            }
        }
    }

    /// docker's fields, in the order of the columns.
    fn cells(&self, look: &Look, earlier: Usage) -> Vec<String> {
        let usage = &look.usage;
        let memory = match usage.memory_limit {
            0 => 0.0,
            limit => usage.memory as f64 / limit as f64 * 100.0,
        };
        let both =
            |(first, second): (u64, u64)| format!("{} / {}", short_bytes(first, 3), short_bytes(second, 3));
        vec![
            look.key.clone(),
            self.id(&look.container),
            look.container.name().to_string(),
            format!("{:.2}%", usage.percent_since(&earlier)),
            format!("{} / {}", binary_bytes(usage.memory), binary_bytes(usage.memory_limit)),
            format!("{memory:.2}%"),
            both(usage.network),
            both(usage.block_io),
            usage.pids.to_string(),
        ]
    }

    fn id(&self, container: &Container) -> String {
        if self.no_trunc { container.id().to_string() } else { container.record().short_id().to_string() }
    }
}
