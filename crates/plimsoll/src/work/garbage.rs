//! What no image, no container and no step needs any more.

use plimsoll_image::{Freed, Roots};
use plimsoll_model::Digest;
use plimsoll_prove::records;

use super::written_files;
use crate::command_error::CommandError;
use crate::session::Session;

/// Remove it from the store; none if another process is writing there, the next collection does it.
pub fn collect(session: &Session) -> Result<Option<Freed>, CommandError> {
    let Some(alone) = session.store.alone().map_err(CommandError::failure)? else { return Ok(None) };
    let freed = alone.collect_garbage(&roots(session)?).map_err(CommandError::failure)?;
    let proofs = session.store.root().join("proofs");
    records::forget_orphans(&session.store)
        .map_err(|error| CommandError::file("remove from", &proofs, &error))?;
    Ok(Some(freed))
}

/// What containers and the step cache still need.
pub fn roots(session: &Session) -> Result<Roots, CommandError> {
    let mut roots = plimsoll_build::step_cache::roots(&session.store);
    let listing = session.containers()?.list().map_err(CommandError::failure)?;
    for container in &listing.containers {
        let record = container.record();
        roots
            .manifests
            .extend(record.image_digest.as_deref().and_then(|digest| digest.parse::<Digest>().ok()));
        roots.layers.extend(written_files::layers(record));
    }
    Ok(roots)
}
