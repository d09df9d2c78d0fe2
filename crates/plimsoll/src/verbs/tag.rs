//! `plimsoll tag`.

use clap::Args;
use plimsoll_model::Reference;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;

/// Give an image one more name.
#[derive(Args)]
pub struct Tag {
    /// Name, id or digest of the image.
    image: String,
    /// The new name.
    target: Reference,
}

impl Tag {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        if self.target.digest.is_some() {
            return Err(CommandError::usage(format!(
                "'{}' has a digest: a new name cannot have one",
                self.target
            )));
        }
        let session = Session::open_to_look()?;
        let _hold = session.store.hold().map_err(CommandError::failure)?;
        let found = session.store.resolve(&self.image).map_err(CommandError::failure)?;
        session.store.tag(&found.manifest, &self.target).map_err(CommandError::failure)?;
        Ok(0)
    }
}
