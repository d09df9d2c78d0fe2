//! `plimsoll ps`.

use clap::Args;
use jiff::Timestamp;
use plimsoll_model::go_text::quoted;
use plimsoll_model::launch::MountSource;
use plimsoll_model::quantity::short_bytes;
use plimsoll_runtime::container::{Container, Health, State, state};
use plimsoll_template::{Column, Listing, Value};

use super::format::{self, ListFormat};
use super::inspect::container::size_of;
use crate::command_error::{CommandError, CommandResult};
use crate::render::time;
use crate::session::Session;
use crate::terminal;
use filter::{Conditions, Filter};

mod filter;

/// List containers.
#[derive(Args)]
pub struct Ps {
    /// Also those that do not run.
    #[arg(short, long)]
    all: bool,
    /// Print ids only.
    #[arg(short, long)]
    quiet: bool,
    /// Only so many, the newest ones, whatever their state; -1 for all.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value = "-1", allow_negative_numbers = true)]
    last: i64,
    /// Only the newest one, whatever its state.
    #[arg(short, long)]
    latest: bool,
    /// Show the size of their files.
    #[arg(short, long)]
    size: bool,
    /// Print whole ids and commands.
    #[arg(long)]
    no_trunc: bool,
    /// Only containers that fit: id=, name=, label=KEY[=VALUE], status=, exited=CODE, ancestor=IMAGE,
    /// before=, since=, health=, network=, volume=, publish=PORT, expose=PORT.
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// table, json, or a Go template over ID, Image, Command, CreatedAt, RunningFor, Status, State, Ports,
    /// Names, Labels, LocalVolumes, Mounts, Networks and Size.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
}

const COLUMNS: [Column; 15] = [
    Column { name: "Command", heading: "COMMAND" },
    Column { name: "CreatedAt", heading: "CREATED AT" },
    Column { name: "ID", heading: "CONTAINER ID" },
    Column { name: "Image", heading: "IMAGE" },
    Column { name: "Labels", heading: "LABELS" },
    Column { name: "LocalVolumes", heading: "LOCAL VOLUMES" },
    Column { name: "Mounts", heading: "MOUNTS" },
    Column { name: "Names", heading: "NAMES" },
    Column { name: "Networks", heading: "NETWORKS" },
    Column { name: "Ports", heading: "PORTS" },
    Column { name: "RunningFor", heading: "CREATED" },
    Column { name: "Size", heading: "SIZE" },
    Column { name: "State", heading: "STATE" },
    Column { name: "Status", heading: "STATUS" },
    Column::method("Label"),
];

/// docker's usual table.
const TABLE: &str =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

/// A container as it was when it was looked at.
pub struct Seen {
    /// What it is made of.
    pub container: Container,
    /// What became of it.
    pub state: State,
    /// What is known of its health.
    pub health: Option<Health>,
}

impl Ps {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_outside()?;
        let listing = session.containers()?.list().map_err(CommandError::failure)?;
        let conditions = Conditions::of(&session, &self.filter)?;
        // Removed while we look: no longer to be listed.
        let seen = listing.containers.into_iter().filter_map(Seen::now);
        let most = if self.latest { 1 } else { usize::try_from(self.last).unwrap_or(usize::MAX) };
        let all = self.all || self.latest || self.last > 0 || conditions.name_a_status();
        let lines: Vec<Seen> =
            seen.filter(|seen| (all || seen.state.is_active()) && conditions.hold(seen)).take(most).collect();
        self.print(&lines)?;
        for (id, error) in &listing.damaged {
            terminal::eprint(&format!("warning: container {}: {error}\n", id.get(..12).unwrap_or(id)));
        }
        Ok(0)
    }

    fn print(&self, lines: &[Seen]) -> Result<(), CommandError> {
        if self.quiet {
            let ids = lines.iter().map(|seen| format!("{}\n", self.id(&seen.container)));
            terminal::print(&ids.collect::<String>());
            return Ok(());
        }
        let rows: Vec<Value> = lines.iter().map(|seen| self.row(seen)).collect();
        match &self.format {
            ListFormat::Rows(listing) => format::print_rows(listing, &COLUMNS, &rows),
            ListFormat::Table => {
                let table = if self.size { format!("{TABLE}\t{{{{.Size}}}}") } else { TABLE.to_string() };
                let listing = Listing::parse(&table).map_err(format::wrong_template)?;
                format::print_rows(&listing, &COLUMNS, &rows)
            }
        }
    }

    fn id<'a>(&self, container: &'a Container) -> &'a str {
        if self.no_trunc { container.id() } else { container.record().short_id() }
    }

    /// docker's fields, in the order of [`COLUMNS`].
    fn row(&self, seen: &Seen) -> Value {
        let now = Timestamp::now();
        let record = seen.container.record();
        let (mounts, volumes) = self.mounts(seen);
        let own = &record.asked.labels;
        let labels = own.iter().map(|(key, value)| format!("{key}={value}"));
        let cells = [
            quoted(&self.cut(&record.spec.argv.join(" "), 20)),
            time::go_time(record.created.as_second()),
            self.id(&seen.container).to_string(),
            record.image.clone(),
            labels.collect::<Vec<_>>().join(","),
            volumes.to_string(),
            mounts,
            record.name.clone(),
            filter::networks(record).join(","),
            ports(seen),
            format!("{} ago", state::since(record.created, now)),
            self.size(&seen.container),
            seen.state.word().to_string(),
            seen.status(now),
        ];
        let label = Value::Method(own.iter().cloned().collect());
        format::row(&COLUMNS, cells.into_iter().map(Value::Text).chain([label]))
    }

    fn cut(&self, text: &str, width: usize) -> String {
        if self.no_trunc { text.to_string() } else { format::ellipsis(text, width) }
    }

    /// Names of volumes and paths of binds, and how many volumes there are.
    fn mounts(&self, seen: &Seen) -> (String, usize) {
        let mounts = &seen.container.record().spec.mounts;
        let name = |source: &MountSource| match source {
            MountSource::Bind(path) => Some(path.display().to_string()),
            MountSource::Volume { name, .. } => Some(name.clone()),
            MountSource::Tmpfs(_) => None,
        };
        let names = mounts.iter().filter_map(|mount| name(&mount.source)).map(|name| self.cut(&name, 15));
        let volumes = mounts.iter().filter(|mount| matches!(mount.source, MountSource::Volume { .. }));
        (names.collect::<Vec<_>>().join(","), volumes.count())
    }

    /// Counted only where it is shown: it walks the files.
    fn size(&self, container: &Container) -> String {
        let wanted = match &self.format {
            ListFormat::Table => self.size,
            ListFormat::Rows(_) => true,
        };
        if !wanted {
            return String::new();
        }
        let bytes = |size: i64| short_bytes(u64::try_from(size).unwrap_or(0), 3);
        let own = size_of(&container.rootfs().upper());
        let layers = container.record().lowers.iter().map(|layer| size_of(layer)).sum::<i64>();
        format!("{} (virtual {})", bytes(own), bytes(own + layers))
    }
}

impl Seen {
    fn now(container: Container) -> Option<Seen> {
        let state = container.state().ok()?;
        let health = container.health().ok()?.filter(|_| state.is_running());
        Some(Seen { container, state, health })
    }

    /// The STATUS column, with its health.
    fn status(&self, now: Timestamp) -> String {
        let status = self.state.status(now);
        match &self.health {
            Some(health) => format!("{status} ({})", health.status.phrase()),
            None => status,
        }
    }
}

/// Published ports, and those that are only exposed; docker lists none of a stopped container.
fn ports(seen: &Seen) -> String {
    let Some(run) = seen.state.run().filter(|_| seen.state.is_running()) else { return String::new() };
    let published = run.ports.iter().map(ToString::to_string);
    let led_to = |port: &String| run.ports.iter().any(|known| known.container.to_string() == *port);
    let exposed = seen.container.record().asked.exposed.iter().filter(|port| !led_to(port)).cloned();
    published.chain(exposed).collect::<Vec<_>>().join(", ")
}
