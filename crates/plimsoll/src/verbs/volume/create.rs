//! `plimsoll volume create`.

use clap::Args;
use plimsoll_runtime::volume::NewVolume;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Make a volume and print its name; one that is there stays as it is.
#[derive(Args)]
pub struct Create {
    /// Its name; one is made up if not given.
    name: Option<String>,
    /// Volume driver; local is the only one.
    #[arg(short, long, default_value = "local")]
    driver: String,
    /// A label.
    #[arg(long, value_name = "KEY[=VALUE]")]
    label: Vec<String>,
    /// Where its files are kept: type=none, o=bind and device=DIRECTORY for a directory of this machine,
    /// type=tmpfs, device=tmpfs and o=size=SIZE for memory.
    #[arg(short, long, value_name = "KEY=VALUE")]
    opt: Vec<String>,
}

impl Create {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let volumes = Session::open_to_look()?.volumes()?;
        let new = match self.name.filter(|name| !name.is_empty()) {
            Some(name) => NewVolume::named(name),
            None => NewVolume::anonymous().map_err(CommandError::failure)?,
        };
        if self.driver != "local" {
            return Err(CommandError::failure(format!(
                "create {}: error looking up volume plugin {1}: plugin \"{1}\" not found",
                new.name, self.driver
            )));
        }
        let labels = new.labels.into_iter().chain(pairs(&self.label)).collect();
        let new = NewVolume { labels, options: pairs(&self.opt), ..NewVolume::named(new.name) };
        let volume = volumes.create(new, jiff::Timestamp::now()).map_err(CommandError::failure)?;
        terminal::print(&format!("{}\n", volume.name()));
        Ok(0)
    }
}

/// `KEY=VALUE` or a key alone; of one key the last value counts.
fn pairs(texts: &[String]) -> Vec<(String, String)> {
    let mut pairs = std::collections::BTreeMap::new();
    for text in texts {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        pairs.insert(key.to_string(), value.to_string());
    }
    pairs.into_iter().collect()
}
