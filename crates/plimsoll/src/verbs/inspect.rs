//! `plimsoll inspect`.

use clap::{Args, ValueEnum};
use plimsoll_runtime::container::ContainerError;
use plimsoll_template::{Template, Value};
use serde::Serialize as _;

use super::format::wrong_template;
use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

pub mod container;
mod document;

/// Print all that is known about containers and images, as docker's JSON.
#[derive(Args)]
pub struct Inspect {
    /// Names, ids or digests.
    #[arg(required = true)]
    names: Vec<String>,
    /// json for one line of JSON, or a Go template such as '{{.Id}}' or '{{json .Config.Env}}'.
    #[arg(short, long, value_name = "FORMAT", default_value = "", value_parser = output)]
    format: Output,
    /// What the names mean; if not said, a container, else an image.
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    kind: Option<Kind>,
    /// Count the files of containers: SizeRw, SizeRootFs. Images always have their size.
    #[arg(short, long)]
    size: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Image,
    Container,
}

/// What `--format` of an inspecting verb means.
#[derive(Clone)]
pub enum Output {
    /// A document on many lines.
    Document,
    /// One line.
    Line,
    /// A template, rendered over each document.
    Template(Box<Template>),
}

/// Read `--format`.
pub fn output(format: &str) -> Result<Output, String> {
    match format {
        "" => Ok(Output::Document),
        "json" => Ok(Output::Line),
        text => Template::parse(text)
            .map(|template| Output::Template(Box::new(template)))
            .map_err(|error| error.to_string()),
    }
}

impl Inspect {
    /// The names are of containers.
    pub fn of_containers(self) -> Inspect {
        Inspect { kind: Some(Kind::Container), ..self }
    }

    /// Run the verb. What was found is printed although something else was not.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let mut found = Vec::new();
        let mut failed = Vec::new();
        for name in &self.names {
            match self.document(&session, name) {
                Ok(document) => found.push(document),
                Err(error) => failed.push(error),
            }
        }
        terminal::print(&self.format.show(found)?);
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }

    fn document(&self, session: &Session, name: &str) -> Result<Value, CommandError> {
        if self.kind != Some(Kind::Image) {
            match session.containers()?.find(name) {
                Ok(container) => {
                    return container::of_container(session, &container, self.size)
                        .map_err(CommandError::failure);
                }
                Err(ContainerError::NotFound { .. }) if self.kind.is_none() => {}
                Err(error) => return Err(CommandError::failure(error)),
            }
        }
        let image = session.image(name)?;
        document::of_image(&session.store, &image).map_err(CommandError::failure)
    }
}

impl Output {
    /// The documents as they are printed.
    pub fn show(&self, documents: Vec<Value>) -> Result<String, CommandError> {
        let json = |documents| Value::List(Some(documents)).to_json();
        match self {
            Output::Document => indented(&json(documents)),
            Output::Line => Ok(json(documents) + "\n"),
            Output::Template(template) => {
                let texts = documents.iter().map(|document| Ok(template.render(document)? + "\n"));
                texts.collect::<Result<String, _>>().map_err(wrong_template)
            }
        }
    }
}

/// JSON on several lines, indented by four blanks as docker does.
fn indented(json: &str) -> Result<String, CommandError> {
    let value: serde_json::Value = serde_json::from_str(json).map_err(CommandError::failure)?;
    let mut out = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
    value.serialize(&mut serializer).map_err(CommandError::failure)?;
    Ok(String::from_utf8_lossy(&out).into_owned() + "\n")
}
