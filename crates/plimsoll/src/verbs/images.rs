//! `plimsoll images`.

use clap::Args;
use plimsoll_image::ImageSummary;
use plimsoll_model::quantity::human_bytes;

use super::format::TableOrJson;
use crate::command_error::{CommandError, CommandResult};
use crate::render::{table::table, time};
use crate::session::Session;
use crate::terminal;

/// List the images of the store.
#[derive(Args)]
pub struct Images {
    /// Only images of this repository, or this very name.
    repository: Option<String>,
    /// Print ids only.
    #[arg(short, long)]
    quiet: bool,
    /// Print whole ids.
    #[arg(long)]
    no_trunc: bool,
    /// How to print.
    #[arg(long, value_enum, default_value = "table")]
    format: TableOrJson,
}

/// One printed line: an image under one of its names.
struct Line<'a> {
    repository: String,
    tag: String,
    image: &'a ImageSummary,
}

impl Images {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let images = session.store.images().map_err(CommandError::failure)?;
        let mut lines: Vec<Line<'_>> = images.iter().flat_map(lines_of).collect();
        if let Some(wanted) = &self.repository {
            lines.retain(|line| {
                line.repository == *wanted || format!("{}:{}", line.repository, line.tag) == *wanted
            });
        }
        let text = match (self.quiet, self.format) {
            (true, _) => lines.iter().map(|line| format!("{}\n", self.id(line))).collect(),
            (_, TableOrJson::Table) => self.table(&lines),
            (_, TableOrJson::Json) => lines.iter().map(|line| format!("{}\n", self.json(line))).collect(),
        };
        terminal::print(&text);
        Ok(0)
    }

    fn id(&self, line: &Line<'_>) -> String {
        let id = &line.image.config_digest;
        if self.no_trunc { id.to_string() } else { id.short() }
    }

    fn table(&self, lines: &[Line<'_>]) -> String {
        let now = time::now();
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let created = line.image.created.as_deref().and_then(time::parse_rfc3339);
                vec![
                    line.repository.clone(),
                    line.tag.clone(),
                    self.id(line),
                    created.map_or("N/A".to_string(), |created| time::ago(created, now)),
                    human_bytes(line.image.size.unwrap_or(line.image.packed_size)),
                ]
            })
            .collect();
        table(&["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"], &rows)
    }

    fn json(&self, line: &Line<'_>) -> serde_json::Value {
        serde_json::json!({
            "Repository": line.repository,
            "Tag": line.tag,
            "ID": self.id(line),
            "Digest": line.image.manifest_digest.to_string(),
            "CreatedAt": line.image.created,
            "Size": human_bytes(line.image.size.unwrap_or(line.image.packed_size)),
        })
    }
}

fn lines_of(image: &ImageSummary) -> Vec<Line<'_>> {
    let none = || "<none>".to_string();
    if image.references.is_empty() {
        return vec![Line { repository: none(), tag: none(), image }];
    }
    let names = image.references.iter();
    names
        .map(|name| Line {
            repository: name.familiar_repository(),
            tag: name.tag.clone().unwrap_or_else(none),
            image,
        })
        .collect()
}
