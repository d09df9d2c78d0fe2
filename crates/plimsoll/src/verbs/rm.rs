//! `plimsoll rm`.

use std::collections::BTreeMap;

use clap::Args;
use plimsoll_runtime::container::ContainerError;
use plimsoll_runtime::stop::Idle;
use plimsoll_runtime::volume::Volumes;

use super::each_container::each_in;
use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Remove containers.
#[derive(Args)]
pub struct Rm {
    /// Kill those that run.
    #[arg(short, long)]
    force: bool,
    /// Remove the volumes that were made for them and have no name, too.
    #[arg(short, long)]
    volumes: bool,
    /// Names or ids.
    #[arg(required = true)]
    containers: Vec<String>,
}

/// What became of a container that was to be ended: nobody starts it any more, or it has removed itself.
type Ending = Result<Option<Idle>, ContainerError>;

impl Rm {
    /// Run the verb. Running containers are ended from outside, before a user namespace is entered
    /// in which the files can be removed.
    pub fn execute(self) -> CommandResult {
        let ended = if self.force { self.end_those_that_run()? } else { BTreeMap::new() };
        let session = Session::open()?;
        // What killed commands have left goes with it.
        let containers = session.containers()?;
        containers.sweep().map_err(CommandError::failure)?;
        // One that has come since was not meant.
        let gone = |name: &&String| match containers.find(name) {
            Ok(container) => self.force && !ended.contains_key(container.id()),
            Err(error) => self.force && matches!(error, ContainerError::NotFound { .. }),
        };
        let (gone, there): (Vec<&String>, Vec<&String>) = self.containers.iter().partition(gone);
        for name in gone {
            // As in docker no failure with force: what ran with --rm has gone by being ended.
            terminal::eprint(&format!("no container is called '{name}' any more\n"));
        }
        each_in(&session, &there, |_, name, container| {
            match ended.get(container.id()) {
                None => containers.remove(container).map_err(CommandError::failure)?,
                Some(Ok(Some(idle))) => {
                    containers.remove_idle(container, idle).map_err(CommandError::failure)?;
                }
                // It ran with --rm.
                Some(Ok(None)) => {}
                Some(Err(error)) => return Err(CommandError::failure(error)),
            }
            if self.volumes {
                Volumes::remove_anonymous(container).map_err(CommandError::failure)?;
            }
            Ok(name.to_string())
        })
    }

    /// What became of each, by its id; nobody starts those that were ended until they are removed.
    fn end_those_that_run(&self) -> Result<BTreeMap<String, Ending>, CommandError> {
        let containers = Session::open_outside()?.containers()?;
        let mut ended = BTreeMap::new();
        for container in self.containers.iter().filter_map(|name| containers.find(name).ok()) {
            // Two names may be those of one container.
            ended.entry(container.id().to_string()).or_insert_with(|| container.end_now());
        }
        Ok(ended)
    }
}
