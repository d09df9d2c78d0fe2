//! What a name of the store means to `explain`: a container by its name or id, else an image; and images
//! that lie outside of the store, in an archive or a layout.

use std::fs::File;
use std::path::Path;

use plimsoll_image::archive::LoadedImage;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Image, Store};
use plimsoll_model::{Platform, Reference};
use plimsoll_runtime::container::ContainerError;

use super::answering;
use super::explaining::{Explained, explain_image};
use super::explaining_container::{ContainerFacts, explain_container};
use crate::command_error::CommandError;
use crate::session::Session;

/// Explain what has this name; the facts are those of a container. It comes first, as with `inspect`.
pub fn explain_name(
    session: &Session,
    name: &str,
) -> Result<(Explained, Option<ContainerFacts>), CommandError> {
    match session.containers()?.find(name) {
        Ok(container) => {
            let (explained, facts) = explain_container(session, &container)?;
            return Ok((explained, Some(facts)));
        }
        Err(ContainerError::NotFound { .. }) => {}
        Err(error) => return Err(CommandError::usage(error)),
    }
    Ok((explain_stored(&session.store, name)?, None))
}

/// Explain an image of the store. Those of the lab are made here, so they are always at hand.
pub fn explain_stored(store: &Store, name: &str) -> Result<Explained, CommandError> {
    let lab = name.parse::<Reference>().ok().filter(crate::lab::base::is_lab);
    let image = match lab {
        Some(reference) => crate::lab::base::ensure(store, &reference)?,
        None => store.find_image(name).map_err(|error| unknown(name, &error))?,
    };
    explain_files_of(store, &image)
}

fn unknown(name: &str, error: &plimsoll_image::Error) -> CommandError {
    let near = answering::nearest(name).map(|near| format!("did you mean '{near}'?"));
    let path = format!("if '{name}' was meant as a path: there is nothing there");
    near.into_iter().chain([path]).fold(CommandError::usage(error), CommandError::hint)
}

fn explain_files_of(store: &Store, image: &Image) -> Result<Explained, CommandError> {
    store.unpack_image(image).map_err(CommandError::failure)?;
    let tree = LayeredTree::of_image(store, image).map_err(CommandError::failure)?;
    explain_image(store, image, &tree)
}

/// Explain the image in an archive of either form. The store keeps nothing of it.
pub fn explain_archive(store: &Store, path: &Path) -> Result<Explained, CommandError> {
    visit(store, path, |visited| {
        let file = File::open(path).map_err(|error| CommandError::file("read", path, &error))?;
        visited.load(file).map_err(CommandError::failure)
    })
}

/// Explain the image in an OCI image layout. The store keeps nothing of it.
pub fn explain_layout(store: &Store, path: &Path) -> Result<Explained, CommandError> {
    visit(store, path, |visited| visited.load_layout(path).map_err(CommandError::failure))
}

/// Bring images into a store that is gone afterwards: the real one lists nothing that was only looked at.
fn visit(
    store: &Store,
    path: &Path,
    bring: impl FnOnce(&Store) -> Result<Vec<LoadedImage>, CommandError>,
) -> Result<Explained, CommandError> {
    // Held, so that no garbage collection takes it for a leftover.
    let _hold = store.hold().map_err(CommandError::failure)?;
    let place = store.root().join("tmp");
    let directory =
        tempfile::tempdir_in(&place).map_err(|error| CommandError::file("write to", &place, &error))?;
    let visited = Store::open(directory.path()).map_err(CommandError::failure)?;
    let shown = path.display();
    let brought = {
        let _hold = visited.hold().map_err(CommandError::failure)?;
        bring(&visited).map_err(|error| {
            CommandError::usage(format!("cannot read the images in {shown}: {}", error.message))
        })?
    };
    let [only] = brought.as_slice() else {
        let names: Vec<String> = brought.iter().map(name_of).collect();
        let message =
            format!("{shown} holds {} images, and one can be explained: {}", names.len(), names.join(", "));
        return Err(CommandError::usage(message).hint("load it, and name one of them"));
    };
    let mut image = visited.image_for(&only.manifest, &Platform::host()).map_err(CommandError::failure)?;
    image.reference = only.references.first().cloned();
    explain_files_of(&visited, &image)
}

fn name_of(image: &LoadedImage) -> String {
    image.references.first().map_or_else(|| image.config.short(), Reference::to_string)
}
