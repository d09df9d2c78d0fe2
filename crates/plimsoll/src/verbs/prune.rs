//! `plimsoll prune`.

use clap::Args;
use plimsoll_build::step_cache;
use plimsoll_model::quantity::human_bytes;

use super::rmi;
use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

/// Forget the results of build steps, and remove what no image and no container needs.
#[derive(Args)]
pub struct Prune {
    /// Keep the results of build steps.
    #[arg(long)]
    keep_cache: bool,
}

impl Prune {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        if !self.keep_cache {
            step_cache::clear(&session.store).map_err(CommandError::failure)?;
        }
        session.containers()?.sweep().map_err(CommandError::failure)?;
        let roots = rmi::roots(&session)?;
        let freed = session.store.collect_garbage(&roots).map_err(CommandError::failure)?;
        if freed.deferred {
            return Err(CommandError::failure(
                "another plimsoll is writing to the store: nothing was removed",
            )
            .hint("try again when it has ended"));
        }
        terminal::print(&format!(
            "removed {} blobs ({}) and {} unpacked layers\n",
            freed.blobs.len(),
            human_bytes(freed.bytes),
            freed.layers.len()
        ));
        Ok(0)
    }
}
