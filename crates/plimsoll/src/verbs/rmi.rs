//! `plimsoll rmi`.

use clap::Args;
use plimsoll_image::Roots;
use plimsoll_model::Digest;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;

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
        let roots = roots(&session)?;
        let mut failed = Vec::new();
        for name in &self.images {
            match session.store.remove_image(name, self.force, &roots) {
                Ok(removal) => {
                    let untagged = removal.untagged.iter().map(|name| format!("Untagged: {name}\n"));
                    let deleted = removal.deleted.iter().map(|digest| format!("Deleted: {digest}\n"));
                    terminal::print(&untagged.chain(deleted).collect::<String>());
                }
                Err(error) => failed.push(error.to_string()),
            }
        }
        if failed.is_empty() { Ok(0) } else { Err(CommandError::failure(failed.join("\n"))) }
    }
}

/// What containers and the step cache still need.
pub fn roots(session: &Session) -> Result<Roots, CommandError> {
    let mut roots = plimsoll_build::step_cache::roots(&session.store);
    let listing = session.containers()?.list().map_err(CommandError::failure)?;
    for container in &listing.containers {
        let record = container.record();
        roots.manifests.extend(record.image_digest.as_deref().and_then(|digest| digest.parse::<Digest>().ok()));
        let layers = record.lowers.iter().filter_map(|fs| fs.parent()?.file_name()?.to_str());
        roots.layers.extend(layers.filter_map(|hex| format!("sha256:{hex}").parse::<Digest>().ok()));
    }
    Ok(roots)
}
