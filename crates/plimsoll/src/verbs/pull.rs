//! `plimsoll pull`.

use clap::Args;
use plimsoll_image::registry::{self, Event};
use plimsoll_image::{Image, Store};
use plimsoll_model::quantity::human_bytes;
use plimsoll_model::{Platform, Reference};

use crate::command_error::{CommandError, CommandResult};
use crate::registry_access;
use crate::session::Session;
use crate::terminal::{self, Progress};

/// Fetch an image from a registry.
#[derive(Args)]
pub struct Pull {
    /// The image.
    image: Reference,
    /// For this platform instead of the machine's own, as linux/arm64.
    #[arg(long, value_parser = parse_platform)]
    platform: Option<Platform>,
    /// Print the digest only.
    #[arg(short, long)]
    quiet: bool,
    /// Also accept a registry without TLS, or with a certificate nobody vouches for.
    #[arg(long)]
    insecure: bool,
}

/// Read `os/arch[/variant]` from a command line.
pub fn parse_platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).ok_or_else(|| format!("'{text}' is no platform; linux/arm64 is one"))
}

impl Pull {
    /// Run the verb.
    pub fn execute(self) -> CommandResult {
        let session = Session::open()?;
        let progress = Progress::new(self.quiet);
        let platform = self.platform.unwrap_or_else(Platform::host);
        let image = pull(&session.store, &self.image, &platform, self.insecure, &progress)?;
        progress.finish();
        terminal::print(&format!("{}\n", image.manifest_digest));
        Ok(0)
    }
}

/// Fetch an image, telling how far it is.
pub fn pull(
    store: &Store,
    reference: &Reference,
    platform: &Platform,
    insecure: bool,
    progress: &Progress,
) -> Result<Image, CommandError> {
    let access = registry_access::access(insecure)?;
    let _hold = store.hold().map_err(CommandError::failure)?;
    progress.doing(&format!("pulling {reference}"));
    let events = |event: Event| show(&event, progress);
    let pulled =
        registry::pull(reference, platform, store, &access, &events).map_err(CommandError::failure)?;
    store.image(&pulled.manifest).map_err(CommandError::failure)
}

/// What of a transfer people see.
pub fn show(event: &Event, progress: &Progress) {
    match event {
        Event::BlobProgress { digest, done, size } => {
            progress.doing(&format!("{}  {} of {}", digest.short(), human_bytes(*done), human_bytes(*size)));
        }
        Event::Retry { why, wait } => {
            progress.done(&format!("{why}; trying again in {:.1} s", wait.as_secs_f64()))
        }
        Event::OtherPlatform { wanted, found } => {
            progress.done(&format!("warning: the image is for {found}, asked for was {wanted}"));
        }
        Event::Manifest { .. }
        | Event::BlobExists { .. }
        | Event::BlobDone { .. }
        | Event::BlobMounted { .. }
        | Event::Pushed { .. } => {}
    }
}
