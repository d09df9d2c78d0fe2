//! `plimsoll history`.

use clap::{ArgAction, Args};
use plimsoll_build::provenance::Provenance;
use plimsoll_dockerfile::created_by::CreatedBy;
use plimsoll_image::history::{Step, history};
use plimsoll_model::quantity::{human_bytes, short_bytes};
use plimsoll_template::{Column, Value};

use super::format::{self, ListFormat};
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
    /// Print sizes in MB and times as distances; `--human=false`: bytes and dates.
    #[arg(short = 'H', long, default_value_t = true, action = ArgAction::Set,
          num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    human: bool,
    /// table, json, or a Go template over ID, CreatedSince, CreatedAt, CreatedBy, Size, Comment,
    /// Layer, Place, Instruction and Text.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
}

struct Line {
    /// docker's id: the image for its newest step, unknown for the others.
    image: Option<String>,
    layer: Option<String>,
    created: Option<String>,
    text: String,
    size: u64,
    place: String,
    comment: String,
}

const COLUMNS: [Column; 10] = [
    Column { name: "ID", heading: "IMAGE" },
    Column { name: "CreatedSince", heading: "CREATED" },
    Column { name: "CreatedAt", heading: "CREATED AT" },
    Column { name: "CreatedBy", heading: "CREATED BY" },
    Column { name: "Size", heading: "SIZE" },
    Column { name: "Comment", heading: "COMMENT" },
    Column { name: "Layer", heading: "LAYER" },
    Column { name: "Place", heading: "FROM" },
    Column { name: "Instruction", heading: "INSTRUCTION" },
    Column { name: "Text", heading: "TEXT" },
];

/// docker's word for an id nobody knows: the steps of an image that came from elsewhere have none.
const MISSING: &str = "<missing>";

impl History {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let image = session.image(&self.image)?;
        let provenance = Provenance::load(&session.store, &image.manifest_digest);
        let place = |index| {
            let built = provenance.as_ref()?;
            Some(format!("{}:{}", built.dockerfile.name(), built.line(index)?.0))
        };
        let size = |step: &Step| {
            let layer = step.layer.as_ref();
            layer.map_or(0, |(blob, diff_id)| session.store.layer_size(diff_id).unwrap_or(blob.size))
        };
        let steps = history(&image).into_iter().enumerate();
        let mut lines: Vec<Line> = steps
            .map(|(index, step)| line(size(&step), place(index).unwrap_or_default(), step))
            .rev()
            .collect();
        if let Some(newest) = lines.first_mut() {
            newest.image = Some(image.config_digest.to_string());
        }
        match (self.quiet, &self.format) {
            (true, _) => {
                let layers = lines.iter().filter_map(|line| line.layer.as_ref());
                terminal::print(&layers.map(|id| format!("{id}\n")).collect::<String>());
            }
            (_, ListFormat::Table) => terminal::print(&self.table(&lines)),
            (_, ListFormat::Rows(listing)) => {
                let rows: Vec<Value> = lines.iter().map(|line| self.row(line)).collect();
                format::print_rows(listing, &COLUMNS, &rows)?;
            }
        }
        Ok(0)
    }

    fn table(&self, lines: &[Line]) -> String {
        let mut rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                vec![
                    self.id(line.layer.as_deref()),
                    if self.human { since(line) } else { date(line) },
                    line.text.clone(),
                    if self.human { human_bytes(line.size) } else { line.size.to_string() },
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
        let created = if self.human { HEADING[1] } else { "CREATED AT" };
        table(&[HEADING[0], created, HEADING[2], HEADING[3], HEADING[4]], &rows)
    }

    fn id(&self, digest: Option<&str>) -> String {
        let digest = digest.unwrap_or(MISSING);
        if self.no_trunc { digest.to_string() } else { digest.get(7..19).unwrap_or(digest).to_string() }
    }

    /// docker's fields, then ours.
    fn row(&self, line: &Line) -> Value {
        let read = CreatedBy::read(&line.text);
        let text = line.text.replace('\t', " ");
        let cells = [
            self.id(line.image.as_deref()),
            since(line),
            date(line),
            if self.no_trunc { text } else { format::ellipsis(&text, MOST_TEXT) },
            if self.human { short_bytes(line.size, 3) } else { line.size.to_string() },
            line.comment.clone(),
            self.id(line.layer.as_deref()),
            line.place.clone(),
            read.instruction.unwrap_or_default().to_string(),
            read.text.to_string(),
        ];
        format::row(&COLUMNS, cells)
    }
}

fn line(size: u64, place: String, step: Step) -> Line {
    Line {
        image: None,
        layer: step.layer.map(|(_, diff_id)| diff_id.to_string()),
        created: step.entry.created,
        text: step.entry.created_by.unwrap_or_default(),
        size,
        place,
        comment: step.entry.comment.unwrap_or_default(),
    }
}

fn since(line: &Line) -> String {
    time::since(line.created.as_deref())
}

fn date(line: &Line) -> String {
    time::known(line.created.as_deref()).map_or(time::UNKNOWN.to_string(), time::rfc3339)
}

const HEADING: [&str; 5] = ["LAYER", "CREATED", "CREATED BY", "SIZE", "FROM"];
/// Column of the instruction, which gives way where lines would be too wide.
const TEXT: usize = 2;
/// docker's width of that column.
const MOST_TEXT: usize = 45;
const LEAST_TEXT: usize = 20;
