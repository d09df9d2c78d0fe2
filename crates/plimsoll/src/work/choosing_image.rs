//! Which image a container is made from, and whether a registry is asked for it.

use clap::{Args, ValueEnum};
use plimsoll_image::Image;
use plimsoll_model::{Platform, Reference};

use super::base_images::{self, Fetch};
use crate::launch_flags::docker_words::asked;
use crate::session::Session;
use crate::terminal::Progress;

/// The image.
#[derive(Args)]
#[command(next_help_heading = "Container")]
pub struct ImageFlags {
    /// When to ask a registry for the image.
    #[arg(long, value_enum, default_value = "missing", value_name = "WHEN")]
    pull: Pull,
    /// Say nothing while the image is fetched.
    #[arg(short, long)]
    quiet: bool,
    /// Choose the image for this platform, as linux/arm64.
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pull {
    Missing,
    Always,
    Never,
}

impl ImageFlags {
    /// The image of this name; the error is one sentence.
    pub fn find(&self, session: &Session, name: &str) -> Result<Image, String> {
        let wanted = self.platform()?;
        let platform = wanted.clone().unwrap_or_else(Platform::host);
        // A foreign image is only refused where a platform was asked for.
        let fits = |image: &Image| {
            wanted.is_none() || image.config.platform.as_ref().is_none_or(|its| its.runs_on(&platform))
        };
        let stored = session.store.find_image_for(name, &platform);
        match (self.pull, stored) {
            (Pull::Missing | Pull::Never, Ok(image)) if fits(&image) => return Ok(image),
            (Pull::Never, Ok(_)) => {
                return Err(format!(
                    "the image '{name}' of the store is not for {platform}, and --pull=never forbids to fetch another"
                ));
            }
            (Pull::Never, Err(_)) => {
                return Err(format!(
                    "there is no image '{name}' in the store, and --pull=never forbids to fetch it"
                ));
            }
            _ => {}
        }
        let reference: Reference =
            name.parse().map_err(|error: plimsoll_model::reference::BadReference| error.to_string())?;
        let progress = Progress::new(self.quiet);
        let fetch = if self.pull == Pull::Always { Fetch::Always } else { Fetch::Missing };
        let mut image = base_images::find(&session.store, &reference, &platform, fetch, &progress)?;
        progress.finish();
        image.reference = Some(reference);
        Ok(image)
    }

    fn platform(&self) -> Result<Option<Platform>, String> {
        let read = |text: &str| {
            Platform::parse_normalised(text)
                .ok_or_else(|| format!("--platform '{text}' is no platform; linux/arm64 is one"))
        };
        asked(&self.platform).map(read).transpose()
    }
}
