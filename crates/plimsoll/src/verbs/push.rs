//! `plimsoll push`.

use clap::Args;
use plimsoll_image::registry::{self, Event};
use plimsoll_model::Reference;

use super::pull::show;
use crate::command_error::{CommandError, CommandResult};
use crate::registry_access;
use crate::session::Session;
use crate::terminal::{self, Progress};

/// Send an image to a registry.
#[derive(Args)]
pub struct Push {
    /// The image, by name or id.
    image: String,
    /// The name it gets in the registry; its own name if not given.
    destination: Option<Reference>,
    /// Print the digest only.
    #[arg(short, long)]
    quiet: bool,
    /// Also accept a registry without TLS, or with a certificate nobody vouches for.
    #[arg(long)]
    insecure: bool,
}

impl Push {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open_to_look()?;
        let image = session.image(&self.image)?;
        let destination = self.destination.or_else(|| image.reference.clone()).ok_or_else(|| {
            CommandError::usage(format!(
                "'{}' is an id: say under which name it goes to the registry",
                self.image
            ))
        })?;
        let access = registry_access::access(self.insecure)?;
        let progress = Progress::new(self.quiet);
        progress.doing(&format!("pushing {destination}"));
        let events = |event: Event| show(&event, &progress);
        let digest = registry::push(&image.listed, &destination, &session.store, &access, &events)
            .map_err(CommandError::failure)?;
        progress.finish();
        terminal::print(&format!("{digest}\n"));
        Ok(0)
    }
}
