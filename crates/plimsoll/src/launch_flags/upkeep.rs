//! How a container is kept once it runs.

use clap::Args;
use plimsoll_model::ImageConfig;
use plimsoll_runtime::container::Upkeep;

use super::health::HealthFlags;
use super::logging::LogFlags;
use super::restarts::RestartFlags;

/// Health, restarts, logs.
#[derive(Args, Clone, Default)]
pub struct UpkeepFlags {
    #[command(flatten)]
    health: HealthFlags,
    #[command(flatten)]
    pub restarts: RestartFlags,
    #[command(flatten)]
    logs: LogFlags,
}

impl UpkeepFlags {
    /// All of it, for an image.
    pub fn upkeep(&self, open_stdin: bool, image: &ImageConfig) -> Result<Upkeep, String> {
        Ok(Upkeep {
            auto_remove: self.restarts.rm,
            open_stdin,
            restart: self.restarts.policy()?,
            health: self.health.check(image)?,
            log: self.logs.rule()?,
        })
    }
}
