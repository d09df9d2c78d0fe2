//! `plimsoll rmi`.

use clap::Args;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::garbage;

/// Remove names of images, and the images that have no other name.
#[derive(Args)]
pub struct Rmi {
    /// Names, ids or digests.
    #[arg(required = true)]
    images: Vec<String>,
    /// Remove an image although it has several names or a container uses it.
    #[arg(short, long)]
    force: bool,
}

impl Rmi {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let roots = garbage::roots(&session)?;
        let mut failed = Vec::new();
        for name in &self.images {
            match session.store.remove_image(name, self.force, &roots) {
                Ok(removal) => {
                    let untagged = removal.untagged.iter().map(|name| format!("Untagged: {name}\n"));
                    let deleted = removal.deleted.iter().map(|digest| format!("Deleted: {digest}\n"));
                    terminal::print(&untagged.chain(deleted).collect::<String>());
                }
                Err(error) => failed.push(not_removed(&session, name, error)),
            }
        }
        garbage::collect(&session)?;
        if failed.is_empty() { Ok(0) } else { Err(CommandError::all(failed)) }
    }
}

/// The sentence, with what to do: which containers are in the way, which names there are.
fn not_removed(session: &Session, name: &str, error: plimsoll_image::Error) -> CommandError {
    let image = match session.image(name) {
        Ok(image) => image,
        Err(missing) => return missing,
    };
    let listing =
        session.containers().and_then(|containers| containers.list().map_err(CommandError::failure));
    let digest = image.manifest_digest.to_string();
    let users: Vec<String> = listing
        .map(|listing| listing.containers)
        .unwrap_or_default()
        .iter()
        .map(|container| container.record())
        .filter(|record| record.image_digest.as_ref() == Some(&digest))
        .map(|record| record.name.clone())
        .collect();
    let failure = CommandError::failure(error);
    if users.is_empty() { failure } else { failure.hint(format!("plimsoll rm {}", users.join(" "))) }
}
