//! `plimsoll cache`.

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use plimsoll_build::cache_image::{self, Contents};
use plimsoll_image::archive::Format;
use plimsoll_model::quantity::human_bytes;

use crate::command_error::{CommandError, CommandResult};
use crate::session::Session;
use crate::terminal;
use crate::work::{atomic_file, garbage};

/// Carry the results of build steps, and cache mounts, from machine to machine.
#[derive(Args)]
pub struct Cache {
    #[command(subcommand)]
    verb: CacheVerb,
}

#[derive(Subcommand)]
enum CacheVerb {
    /// Write all step results and cache mounts into a file, an oci-archive.
    Save(Save),
    /// Take over what such a file has; cache mounts that are here stay.
    Load(Load),
}

#[derive(Args)]
struct Save {
    /// The file.
    file: PathBuf,
}

#[derive(Args)]
struct Load {
    /// The file.
    file: PathBuf,
}

impl Cache {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        match self.verb {
            CacheVerb::Save(save) => save.execute(),
            CacheVerb::Load(load) => load.execute(),
        }
    }
}

impl Save {
    fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let _hold = session.store.hold().map_err(CommandError::failure)?;
        let contents = Contents::of_store(&session.store).map_err(CommandError::failure)?;
        let cache = cache_image::export(&session.store, &contents).map_err(CommandError::failure)?;
        let cache = session.store.image(&cache).map_err(CommandError::failure)?;
        let bytes: u64 = cache.manifest.layers.iter().map(|layer| layer.size).sum();
        atomic_file::replace(&self.file, |out| {
            session.store.save(&[cache], Format::Oci, out).map_err(CommandError::failure)
        })?;
        terminal::print(&format!("{}  {}\n", self.file.display(), human_bytes(bytes)));
        Ok(0)
    }
}

impl Load {
    fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let file = File::open(&self.file).map_err(|error| CommandError::file("read", &self.file, &error))?;
        let refused = |error: &dyn std::fmt::Display| {
            CommandError::failure(format!("cannot load {}: {error}", self.file.display()))
        };
        let hold = session.store.hold().map_err(CommandError::failure)?;
        let loaded = session.store.load(file).map_err(|error| refused(&error))?;
        let (mut steps, mut mounts) = (0, 0);
        for image in &loaded {
            let image = session.store.image(&image.manifest).map_err(CommandError::failure)?;
            let taken = cache_image::import(&session.store, &image).map_err(|error| refused(&error))?;
            (steps, mounts) = (steps + taken.steps, mounts + taken.mounts);
        }
        drop(hold);
        // The layers are the steps' from here on; the image that carried them has done its work.
        let roots = garbage::roots(&session)?;
        for image in &loaded {
            let name = image.manifest.to_string();
            session.store.remove_image(&name, true, &roots).map_err(CommandError::failure)?;
        }
        garbage::collect(&session)?;
        terminal::print(&format!("{steps} steps, {mounts} cache mounts\n"));
        Ok(0)
    }
}
