//! `plimsoll container prune`.

use clap::Args;
use plimsoll_model::quantity::short_bytes;
use plimsoll_runtime::container::{Container, ContainerError};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::verbs::inspect::container::size_of;
use crate::verbs::prune_flags::PruneFlags;

/// Remove all containers that do not run.
#[derive(Args)]
pub(super) struct Prune {
    #[command(flatten)]
    flags: PruneFlags,
}

impl Prune {
    pub(super) fn execute(self) -> CommandResult {
        if !self.flags.are_confirmed("all stopped containers") {
            return Ok(0);
        }
        let containers = Session::open()?.containers()?;
        containers.sweep().map_err(CommandError::failure)?;
        let listing = containers.list().map_err(CommandError::failure)?;
        let (mut removed, mut bytes, mut failed) = (String::new(), 0, Vec::new());
        for container in listing.containers.iter().filter(|container| self.means(container)) {
            let size = size_of(&container.rootfs().upper());
            match containers.remove(container) {
                Ok(()) => {
                    removed.push_str(&format!("{}\n", container.id()));
                    bytes += u64::try_from(size).unwrap_or(0);
                }
                // Started, or removed by somebody else, since we looked.
                Err(ContainerError::StillRunning { .. } | ContainerError::NotFound { .. }) => {}
                Err(error) => failed.push(CommandError::failure(error)),
            }
        }
        if !removed.is_empty() {
            terminal::print(&format!("Deleted Containers:\n{removed}\n"));
        }
        terminal::print(&format!("Total reclaimed space: {}\n", short_bytes(bytes, 4)));
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }

    /// It does not run, and fits.
    fn means(&self, container: &Container) -> bool {
        let record = container.record();
        container.state().is_ok_and(|state| !state.is_active())
            && self.flags.mean(record.created, &record.asked.labels)
    }
}
