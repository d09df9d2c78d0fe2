//! `plimsoll history`.

use clap::Args;
use plimsoll_build::provenance::Provenance;
use plimsoll_image::history::history;
use plimsoll_model::quantity::human_bytes;

use super::format::TableOrJson;
use crate::command_error::CommandResult;
use crate::render::contract::shorten;
use crate::render::{table::table, time};
use crate::session::Session;
use crate::terminal;

/// Show the steps an image was made of, newest first, with the Dockerfile line where it is known.
#[derive(Args)]
pub struct History {
    /// Name, id or digest of the image.
    image: String,
    /// Print whole texts and ids.
    #[arg(long)]
    no_trunc: bool,
    /// Print layer digests only.
    #[arg(short, long)]
    quiet: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    format: TableOrJson,
}

struct Line {
    layer: Option<String>,
    created: Option<String>,
    text: String,
    size: u64,
    place: String,
    comment: String,
}

impl History {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let image = session.image(&self.image)?;
        let provenance = Provenance::load(&session.store, &image.manifest_digest);
        let lines: Vec<Line> = history(&image)
            .into_iter()
            .enumerate()
            .map(|(index, step)| {
                let size = step
                    .layer
                    .as_ref()
                    .map_or(0, |(blob, diff_id)| session.store.layer_size(diff_id).unwrap_or(blob.size));
                let place = provenance
                    .as_ref()
                    .and_then(|built| Some(format!("{}:{}", built.dockerfile.name(), built.line(index)?.0)));
                Line {
                    layer: step.layer.map(|(_, diff_id)| diff_id.to_string()),
                    created: step.entry.created,
                    text: step.entry.created_by.unwrap_or_default(),
                    size,
                    place: place.unwrap_or_default(),
                    comment: step.entry.comment.unwrap_or_default(),
                }
            })
            .rev()
            .collect();
        let text: String = match (self.quiet, self.format) {
            (true, _) => {
                lines.iter().filter_map(|line| line.layer.as_ref()).map(|id| format!("{id}\n")).collect()
            }
            (_, TableOrJson::Table) => self.table(&lines),
            (_, TableOrJson::Json) => lines.iter().map(|line| format!("{}\n", json(line))).collect(),
        };
        terminal::print(&text);
        Ok(0)
    }

    fn table(&self, lines: &[Line]) -> String {
        let now = time::now();
        let mut rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let created = line.created.as_deref().and_then(time::parse_rfc3339);
                let id = line.layer.as_deref().unwrap_or("<missing>");
                let id = if self.no_trunc { id } else { id.get(7..19).unwrap_or(id) };
                vec![
                    id.to_string(),
                    created.map_or("N/A".to_string(), |created| time::ago(created, now)),
                    line.text.clone(),
                    human_bytes(line.size),
                    line.place.rsplit('/').next().unwrap_or_default().to_string(),
                ]
            })
            .collect();
        if !self.no_trunc {
            let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
            let others: usize =
                [0, 1, 3, 4].map(|column| width(column).max(HEADING[column].len()) + 3).iter().sum();
            let room = terminal::width().saturating_sub(others).clamp(LEAST_TEXT, MOST_TEXT);
            rows.iter_mut().for_each(|row| row[TEXT] = shorten(&row[TEXT], room));
        }
        table(&HEADING, &rows)
    }
}

const HEADING: [&str; 5] = ["LAYER", "CREATED", "CREATED BY", "SIZE", "FROM"];
/// Column of the instruction, which gives way where lines would be too wide.
const TEXT: usize = 2;
/// docker's width of that column.
const MOST_TEXT: usize = 45;
const LEAST_TEXT: usize = 20;

fn json(line: &Line) -> serde_json::Value {
    serde_json::json!({
        "ID": line.layer.as_deref().unwrap_or("<missing>"),
        "CreatedAt": line.created,
        "CreatedBy": line.text,
        "Size": line.size,
        "Comment": line.comment,
        "Place": line.place,
    })
}
