//! `plimsoll volume prune`.

use clap::Args;
use plimsoll_model::quantity::short_bytes;
use plimsoll_runtime::volume::{ANONYMOUS, Volume};

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::verbs::prune_flags::PruneFlags;

/// Remove volumes that have no name and that no container has.
#[derive(Args)]
pub struct Prune {
    /// Those with a name, too.
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    flags: PruneFlags,
}

impl Prune {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        // First of all: it may begin this program anew.
        let volumes = Session::open()?.volumes()?;
        let which = if self.all { "all" } else { "anonymous" };
        let what = format!("{which} local volumes not used by at least one container");
        if !self.flags.are_confirmed(&what) {
            return Ok(0);
        }
        let removed = volumes.prune(|volume| self.is_meant(volume)).map_err(CommandError::failure)?;
        if !removed.is_empty() {
            let names = removed.iter().map(|volume| format!("{}\n", volume.name));
            terminal::print(&format!("Deleted Volumes:\n{}\n", names.collect::<String>()));
        }
        let bytes = removed.iter().map(|volume| volume.bytes).sum();
        terminal::print(&format!("Total reclaimed space: {}\n", short_bytes(bytes, 4)));
        Ok(0)
    }

    fn is_meant(&self, volume: &Volume) -> bool {
        let named = volume.labels().iter().all(|(key, _)| key != ANONYMOUS);
        (self.all || !named) && self.flags.mean(volume.created(), volume.labels())
    }
}
