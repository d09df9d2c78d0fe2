//! `plimsoll events`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use plimsoll_runtime::events::{Event, EventLog};
use plimsoll_template::{Field, Template, Value};

use super::filter_kind;
use super::format::wrong_template;
use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::moment;

/// Print what happens to containers, as it happens.
#[derive(Args)]
pub struct Events {
    /// Also what has happened since then: a time, or a span such as 10m.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only what has happened until then, and end.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only events that fit: type=, event=, container=, image=, label=KEY[=VALUE], volume=, network=.
    #[arg(short, long, value_name = "FILTER")]
    filter: Vec<Filter>,
    /// json for one object a line, or a Go template over Type, Action, Actor, Time, TimeNano, Status, ID
    /// and From.
    #[arg(long, value_name = "FORMAT", default_value = "", value_parser = output)]
    format: Output,
}

#[derive(Clone)]
enum Output {
    Line,
    Template(Box<Template>),
}

fn output(format: &str) -> Result<Output, String> {
    let text = match format {
        "" => return Ok(Output::Line),
        "json" => "{{json .}}",
        text => text,
    };
    Template::parse(text)
        .map(|template| Output::Template(Box::new(template)))
        .map_err(|error| error.to_string())
}

/// One condition as written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Filter {
    kind: &'static str,
    value: String,
}

const KINDS: [&str; 7] = ["type", "event", "container", "image", "label", "volume", "network"];

impl FromStr for Filter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, value) = filter_kind::split(text, &KINDS, "event=die")?;
        Ok(Filter { kind, value: value.to_string() })
    }
}

impl Filter {
    fn holds(&self, event: &Event) -> bool {
        let attribute = |name: &str| {
            event.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
        };
        let is = |kind: &str| {
            event.kind == kind
                && (event.id == self.value || (kind == "container" && event.id.starts_with(&self.value)))
        };
        match self.kind {
            "type" => event.kind == self.value,
            // An action may carry words after a colon (health_status: healthy).
            "event" => {
                event.action == self.value
                    || event.action.split_once(':').is_some_and(|(name, _)| name == self.value)
            }
            "container" => {
                is("container") || (event.kind == "container" && attribute("name") == Some(&self.value))
            }
            "image" => attribute("image") == Some(&self.value) || is("image"),
            "label" => match self.value.split_once('=') {
                Some((key, value)) => attribute(key) == Some(value),
                None => attribute(&self.value).is_some(),
            },
            kind => is(kind),
        }
    }
}

impl Events {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let now = Timestamp::now();
        let read = |text: &String| moment::parse(text, now).map_err(CommandError::usage);
        let until = self.until.as_ref().map(read).transpose()?;
        let since = self.since.as_ref().map(read).transpose()?.unwrap_or(now);
        let session = Session::open_outside()?;
        let failed = |error| CommandError::file("read the events of", session.store.root(), &error);
        let mut reader = EventLog::of_store(session.store.root()).read().map_err(failed)?;
        loop {
            for event in reader.next_batch().map_err(failed)? {
                let in_time = event.time >= since && until.is_none_or(|until| event.time <= until);
                if in_time && self.fits(&event) {
                    self.print(&event)?;
                }
            }
            let left = until.map(|until| until.duration_since(Timestamp::now()));
            match left.map(Duration::try_from) {
                Some(Ok(left)) if !left.is_zero() => reader.wait(Some(left)),
                Some(_) => return Ok(0),
                None => reader.wait(None),
            }
        }
    }

    /// Of each kind of filter one must hold, of labels all.
    fn fits(&self, event: &Event) -> bool {
        KINDS.iter().all(|kind| {
            let mut filters = self.filter.iter().filter(|filter| filter.kind == *kind);
            match *kind {
                "label" => filters.all(|filter| filter.holds(event)),
                _ => filters.clone().next().is_none() || filters.any(|filter| filter.holds(event)),
            }
        })
    }

    fn print(&self, event: &Event) -> Result<(), CommandError> {
        let line = match &self.format {
            Output::Line => line(event),
            Output::Template(template) => template.render(&document(event)).map_err(wrong_template)?,
        };
        terminal::print(&format!("{line}\n"));
        Ok(())
    }
}

/// docker's line: `TIME TYPE ACTION ID (NAME=VALUE, ...)`.
fn line(event: &Event) -> String {
    let attributes: Vec<String> =
        event.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let attributes =
        if attributes.is_empty() { String::new() } else { format!(" ({})", attributes.join(", ")) };
    format!("{:.9} {} {} {}{attributes}", event.time, event.kind, event.action, event.id)
}

/// docker's `events.Message`.
fn document(event: &Event) -> Value {
    let attributes: BTreeMap<String, Value> =
        event.attributes.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let image = event.attributes.iter().find(|(name, _)| name == "image").map(|(_, image)| image.clone());
    let actor = Value::Record(vec![
        Field::new("ID", event.id.as_str()),
        Field::new("Attributes", Value::map(Some(attributes), Value::from(""))),
    ]);
    // Only containers have the fields of docker's first form.
    let first_form = |text: &str| if event.kind == "container" { text.to_string() } else { String::new() };
    let nanoseconds = i64::try_from(event.time.as_nanosecond()).unwrap_or(i64::MAX);
    Value::Record(vec![
        Field::if_any("Status", first_form(&event.action)).keyed("status"),
        Field::if_any("ID", first_form(&event.id)).keyed("id"),
        Field::if_any("From", first_form(&image.unwrap_or_default())).keyed("from"),
        Field::new("Type", event.kind.as_str()),
        Field::new("Action", event.action.as_str()),
        Field::new("Actor", actor),
        Field::new("Scope", "local").keyed("scope"),
        Field::new("Time", event.time.as_second()).keyed("time"),
        Field::new("TimeNano", nanoseconds).keyed("timeNano"),
    ])
}
