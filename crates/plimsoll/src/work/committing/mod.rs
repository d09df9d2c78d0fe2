//! From a container to an image: its files are one more layer, its configuration is that of the image, and what
//! was asked for it and by `--change` over that.

use plimsoll_image::Image;
use plimsoll_model::{Digest, HistoryEntry, ImageConfig};
use plimsoll_runtime::container::{Container, Record};

use super::epoch::BuildTime;
use super::written_files::WrittenFiles;
use crate::command_error::CommandError;
use crate::session::Session;

mod changes;
mod configuration;
pub mod interruption;

pub use changes::Changes;

/// What is said of the image.
pub struct Commit<'a> {
    /// Its author.
    pub author: Option<&'a str>,
    /// The comment of its history.
    pub message: Option<&'a str>,
    /// Changes of its configuration.
    pub changes: &'a Changes,
    /// Its time, and the latest one of its files.
    pub time: &'a BuildTime,
}

impl Commit<'_> {
    /// Make the image; gives the digest of its manifest. It has no name yet, so the caller holds the store.
    pub fn make(&self, session: &Session, container: &Container) -> Result<Digest, CommandError> {
        let record = container.record();
        let image = image_of(session, record)?;
        let config = self.changes.apply(configuration::of(record, &image.config))?;
        let files = WrittenFiles::of(session, container)?;
        let layer = files.survey(self.time.epoch)?.pack(&session.store).map_err(CommandError::failure)?;
        let config = self.described(config, record, layer.is_none());
        let layers: Vec<_> = image.committed_layers().into_iter().chain(layer).collect();
        session.store.create_image(config, &layers).map_err(CommandError::failure)
    }

    /// With author, time and, as docker writes it (image/image.go NewChildImage), one more line of history.
    fn described(&self, config: ImageConfig, record: &Record, empty_layer: bool) -> ImageConfig {
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_string);
        let entry = HistoryEntry {
            created: Some(self.time.created.clone()),
            created_by: Some(record.asked.cmd.join(" ")),
            comment: given(self.message),
            author: given(self.author),
            empty_layer,
        };
        let history = config.history.iter().cloned().chain([entry]).collect();
        let created = Some(self.time.created.clone());
        ImageConfig { author: given(self.author), created, history, ..config }
    }
}

/// The image a container was made of; it stays in the store as long as the container does.
fn image_of(session: &Session, record: &Record) -> Result<Image, CommandError> {
    let digest = record.image_digest.as_deref().and_then(|digest| digest.parse::<Digest>().ok());
    let digest = digest.ok_or_else(|| {
        CommandError::failure(format!("container {} was not made of an image of this store", record.name))
    })?;
    session.store.image(&digest).map_err(CommandError::failure)
}
