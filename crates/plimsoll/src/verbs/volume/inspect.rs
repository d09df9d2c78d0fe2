//! `plimsoll volume inspect`.

use clap::Args;
use plimsoll_runtime::volume::Volume;
use plimsoll_template::{Field, Value};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::verbs::inspect::{Output, output};

/// Print all that is known about volumes, as docker's JSON.
#[derive(Args)]
pub struct Inspect {
    /// Names.
    #[arg(required = true)]
    names: Vec<String>,
    /// json for one line of JSON, or a Go template such as '{{.Mountpoint}}'.
    #[arg(short, long, value_name = "FORMAT", default_value = "", value_parser = output)]
    format: Output,
}

impl Inspect {
    /// Run the verb. What was found is printed although something else was not.
    pub fn execute(self) -> CommandResult {
        let volumes = Session::open_to_look()?.volumes()?;
        let (mut found, mut failed) = (Vec::new(), Vec::new());
        for name in &self.names {
            match volumes.find(name) {
                Ok(volume) => found.push(document(&volume)),
                Err(error) => failed.push(CommandError::failure(error)),
            }
        }
        terminal::print(&self.format.show(found)?);
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}

fn document(volume: &Volume) -> Value {
    let created = jiff::Timestamp::from_second(volume.created().as_second()).unwrap_or_default();
    Value::Record(vec![
        Field::new("CreatedAt", created.to_string()),
        Field::new("Driver", "local"),
        Field::new("Labels", map(volume.labels())),
        Field::new("Mountpoint", volume.mount_point().display().to_string()),
        Field::new("Name", volume.name()),
        Field::new("Options", map(volume.options())),
        Field::new("Scope", "local"),
    ])
}

/// None is Go's nil map.
fn map(pairs: &[(String, String)]) -> Value {
    let entries = pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str())));
    Value::map((!pairs.is_empty()).then(|| entries.collect()), Value::from(""))
}
