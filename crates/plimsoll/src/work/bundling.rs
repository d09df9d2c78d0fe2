//! `run --oci-bundle`: what would be started, as a directory that other runtimes start.

use std::io::Write as _;
use std::path::Path;

use plimsoll_image::layer::LayeredTree;
use plimsoll_image::rootfs::{Staging, place, write_directory};
use plimsoll_model::LaunchSpec;
use plimsoll_runtime::bundle::{Bundle, ROOTFS, Surroundings, bundle};
use plimsoll_runtime::host::HostFacts;

use super::exporting::not_set_words;
use crate::command_error::CommandError;
use crate::terminal;

/// Write the bundle of a process. The directory is there as a whole or not at all.
pub fn write(
    directory: &Path,
    tree: &LayeredTree,
    spec: &LaunchSpec,
    host: &HostFacts,
) -> Result<(), CommandError> {
    let around = Surroundings::gather(spec, host).map_err(CommandError::failure)?;
    let made = bundle(spec, &around).map_err(CommandError::failure)?;
    must_be_empty(directory)?;
    fill(directory, tree, &made)?;
    for sentence in &made.unsaid {
        warn(sentence);
    }
    Ok(())
}

fn must_be_empty(directory: &Path) -> Result<(), CommandError> {
    match std::fs::read_dir(directory).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(CommandError::failure(format!(
            "{} is not empty: a bundle is written into a new directory",
            directory.display()
        ))),
        Ok(false) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(CommandError::file("read", directory, &error)),
    }
}

fn fill(directory: &Path, tree: &LayeredTree, made: &Bundle) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", directory, &error);
    let staging = Staging::begin(directory).map_err(CommandError::failure)?;
    let root = staging.root().map_err(CommandError::failure)?;
    // Programs that run as their owner lie in there, and on the host they must be nobody's to start.
    root.set_mode("", 0o700).map_err(failed)?;
    root.mkdir(ROOTFS, 0o755).and_then(|()| root.set_mode(ROOTFS, 0o755)).map_err(failed)?;
    let files = root.subdir(ROOTFS).map_err(failed)?;
    let not_set = write_directory(tree, &files).map_err(CommandError::failure)?;
    for (name, content) in &made.files {
        root.create_file(name, 0o644)
            .and_then(|mut file| file.write_all(content.as_bytes()))
            .map_err(failed)?;
        // Whatever our umask is: every user of the container reads them.
        root.set_mode(name, 0o644).map_err(failed)?;
    }
    let config = format!("{:#}\n", made.config);
    root.create_file("config.json", 0o644)
        .and_then(|mut file| file.write_all(config.as_bytes()))
        .map_err(failed)?;
    place(&staging).map_err(CommandError::failure)?;
    if let Some(missing) = not_set_words(&not_set) {
        warn(&format!("{missing}; the files in {ROOTFS} are without"));
    }
    Ok(())
}

fn warn(sentence: &str) {
    terminal::eprint(&format!("warning: {sentence}\n"));
}
