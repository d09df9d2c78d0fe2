//! `plimsoll network ls`.

use clap::Args;
use plimsoll_runtime::network::NamedNetwork;
use plimsoll_template::{Column, Value};

use super::filter::{self, Filter};
use super::open;
use crate::command_error::{CommandError, CommandResult};
use crate::render::table::table;
use crate::terminal;
use crate::verbs::format::{self, ListFormat};

/// List networks.
#[derive(Args)]
pub(super) struct Ls {
    /// Print ids only.
    #[arg(short, long)]
    quiet: bool,
    /// Print whole ids.
    #[arg(long)]
    no_trunc: bool,
    /// Only networks that fit: name=PART, id=PART, driver=DRIVER, label=KEY[=VALUE], scope=local,
    /// type=custom or builtin.
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// table, json, or a Go template over ID, Name, Driver, Scope, IPv6, Internal, Labels and
    /// CreatedAt.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
}

const COLUMNS: [Column; 8] = [
    Column { name: "CreatedAt", heading: "CREATED AT" },
    Column { name: "Driver", heading: "DRIVER" },
    Column { name: "ID", heading: "NETWORK ID" },
    Column { name: "IPv6", heading: "IPV6" },
    Column { name: "Internal", heading: "INTERNAL" },
    Column { name: "Labels", heading: "LABELS" },
    Column { name: "Name", heading: "NAME" },
    Column { name: "Scope", heading: "SCOPE" },
];

impl Ls {
    pub fn execute(self) -> CommandResult {
        let (_, networks) = open()?;
        let listing = networks.list().map_err(CommandError::failure)?;
        let shown = listing.networks.iter().filter(|network| filter::fits(&self.filter, network));
        match (self.quiet, &self.format) {
            (true, _) => {
                terminal::print(&shown.map(|network| format!("{}\n", self.id(network))).collect::<String>());
            }
            (_, ListFormat::Table) => {
                let rows: Vec<Vec<String>> = shown.map(|network| self.line(network)).collect();
                terminal::print(&table(&["NETWORK ID", "NAME", "DRIVER", "SCOPE"], &rows));
            }
            (_, ListFormat::Rows(listing)) => {
                let rows: Vec<Value> = shown.map(|network| self.row(network)).collect();
                format::print_rows(listing, &COLUMNS, &rows)?;
            }
        }
        for (name, error) in &listing.damaged {
            terminal::eprint(&format!("warning: network {name}: {error}\n"));
        }
        Ok(0)
    }

    fn id<'a>(&self, network: &'a NamedNetwork) -> &'a str {
        if self.no_trunc { &network.id } else { network.short_id() }
    }

    fn line(&self, network: &NamedNetwork) -> Vec<String> {
        let id = self.id(network).to_string();
        vec![id, network.name.clone(), network.driver_name().to_string(), "local".to_string()]
    }

    /// docker's fields.
    fn row(&self, network: &NamedNetwork) -> Value {
        let internal = network.bridge().is_some_and(|bridge| bridge.internal);
        let labels: Vec<String> =
            network.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let cells = [
            created(network),
            network.driver_name().to_string(),
            self.id(network).to_string(),
            "false".to_string(),
            internal.to_string(),
            labels.join(","),
            network.name.clone(),
            "local".to_string(),
        ];
        format::row(&COLUMNS, cells)
    }
}

/// As Go prints a time.
fn created(network: &NamedNetwork) -> String {
    network.created.to_string().replace('T', " ").replace('Z', " +0000 UTC")
}
