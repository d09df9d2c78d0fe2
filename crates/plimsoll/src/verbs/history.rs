//! `plimsoll history`.

use clap::{Args, ValueEnum};
use plimsoll_build::provenance::Provenance;
use plimsoll_image::history::history;
use plimsoll_model::quantity::human_bytes;

use crate::command_error::{CommandError, CommandResult};
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
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Json,
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
        let image = session.store.find_image(&self.image).map_err(CommandError::failure)?;
        let provenance = Provenance::load(&session.store, &image.manifest_digest);
        let lines: Vec<Line> = history(&image)
            .into_iter()
            .enumerate()
            .map(|(index, step)| {
                let size = step.layer.as_ref().map_or(0, |(blob, diff_id)| {
                    session.store.layer_size(diff_id).unwrap_or(blob.size)
                });
                let place = provenance.as_ref().and_then(|built| {
                    Some(format!("{}:{}", built.dockerfile.name(), built.line(index)?.0))
                });
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
            (true, _) => lines.iter().filter_map(|line| line.layer.as_ref()).map(|id| format!("{id}\n")).collect(),
            (_, Format::Table) => self.table(&lines),
            (_, Format::Json) => lines.iter().map(|line| format!("{}\n", json(line))).collect(),
        };
        terminal::print(&text);
        Ok(0)
    }

    fn table(&self, lines: &[Line]) -> String {
        let now = time::now();
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let created = line.created.as_deref().and_then(time::parse_rfc3339);
                let id = line.layer.as_deref().unwrap_or("<missing>");
                let id = if self.no_trunc { id } else { id.get(7..19).unwrap_or(id) };
                vec![
                    id.to_string(),
                    created.map_or("N/A".to_string(), |created| time::ago(created, now)),
                    if self.no_trunc { line.text.clone() } else { shorten(&line.text) },
                    human_bytes(line.size),
                    line.place.clone(),
                ]
            })
            .collect();
        table(&["LAYER", "CREATED", "CREATED BY", "SIZE", "FROM"], &rows)
    }
}

/// docker's length of the column.
const TEXT_WIDTH: usize = 45;

fn shorten(text: &str) -> String {
    let text = text.replace(['\n', '\t'], " ");
    if text.chars().count() <= TEXT_WIDTH {
        return text;
    }
    text.chars().take(TEXT_WIDTH - 1).chain(['…']).collect()
}

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
