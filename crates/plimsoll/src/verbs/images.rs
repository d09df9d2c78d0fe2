//! `plimsoll images`.

use clap::Args;
use plimsoll_image::ImageSummary;
use plimsoll_model::quantity::{human_bytes, short_bytes};
use plimsoll_template::{Column, Value};

use super::format::{self, ListFormat};
use crate::command_error::{CommandError, CommandResult};
use crate::render::{table::table, time};
use crate::session::Session;
use crate::terminal;
use filter::Filter;

mod filter;

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
    /// Show the digests of the manifests.
    #[arg(long)]
    digests: bool,
    /// Only images that fit: dangling=true, label=KEY[=VALUE], reference=PATTERN, before=IMAGE,
    /// since=IMAGE.
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// table, json, or a Go template over ID, Repository, Tag, Digest, CreatedSince, CreatedAt, Size
    /// and VirtualSize.
    #[arg(long, value_name = "FORMAT", default_value = "table", value_parser = format::list_format)]
    format: ListFormat,
}

/// One printed line: an image under one of its names.
struct Line<'a> {
    repository: String,
    tag: String,
    image: &'a ImageSummary,
}

const COLUMNS: [Column; 11] = [
    Column { name: "ID", heading: "IMAGE ID" },
    Column { name: "Repository", heading: "REPOSITORY" },
    Column { name: "Tag", heading: "TAG" },
    Column { name: "Digest", heading: "DIGEST" },
    Column { name: "CreatedSince", heading: "CREATED" },
    Column { name: "CreatedAt", heading: "CREATED AT" },
    Column { name: "Size", heading: "SIZE" },
    Column { name: "Containers", heading: "CONTAINERS" },
    Column { name: "VirtualSize", heading: "SIZE" },
    Column { name: "SharedSize", heading: "SHARED SIZE" },
    Column { name: "UniqueSize", heading: "UNIQUE SIZE" },
];

const NONE: &str = "<none>";

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
        let lines = filter::apply(&session, &self.filter, lines)?;
        match (self.quiet, &self.format) {
            (true, _) => {
                terminal::print(&lines.iter().map(|line| format!("{}\n", self.id(line))).collect::<String>());
            }
            (_, ListFormat::Table) => terminal::print(&self.table(&lines)),
            (_, ListFormat::Rows(listing)) => {
                let rows: Vec<Value> = lines.iter().map(|line| self.row(line)).collect();
                format::print_rows(listing, &COLUMNS, &rows)?;
            }
        }
        Ok(0)
    }

    fn id(&self, line: &Line<'_>) -> String {
        let id = &line.image.config_digest;
        if self.no_trunc { id.to_string() } else { id.short() }
    }

    fn table(&self, lines: &[Line<'_>]) -> String {
        let digest = |text: String| Some(text).filter(|_| self.digests);
        let rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let names = [line.repository.clone(), line.tag.clone()].into_iter();
                let rest =
                    [self.id(line), time::since(line.image.created.as_deref()), human_bytes(size(line))];
                names.chain(digest(line.image.manifest_digest.to_string())).chain(rest).collect()
            })
            .collect();
        let digest = Some("DIGEST").filter(|_| self.digests);
        let heading = ["REPOSITORY", "TAG"].into_iter().chain(digest).chain(["IMAGE ID", "CREATED", "SIZE"]);
        table(&heading.collect::<Vec<_>>(), &rows)
    }

    /// docker's fields.
    fn row(&self, line: &Line<'_>) -> Value {
        let cells = [
            self.id(line),
            line.repository.clone(),
            line.tag.clone(),
            line.image.manifest_digest.to_string(),
            time::since(line.image.created.as_deref()),
            time::known(line.image.created.as_deref()).map_or(time::UNKNOWN.to_string(), time::go_time),
            short_bytes(size(line), 3),
            time::UNKNOWN.to_string(),
            short_bytes(size(line), 4),
            time::UNKNOWN.to_string(),
            time::UNKNOWN.to_string(),
        ];
        format::row(&COLUMNS, cells)
    }
}

fn size(line: &Line<'_>) -> u64 {
    line.image.size.unwrap_or(line.image.packed_size)
}

fn lines_of(image: &ImageSummary) -> Vec<Line<'_>> {
    let none = || NONE.to_string();
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
