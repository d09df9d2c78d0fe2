//! What a failed RUN left, as an image to look into: its files, environment, user and directory.

use plimsoll_contract::stage::StageState;
use plimsoll_image::layer::CommittedLayer;
use plimsoll_model::{HistoryEntry, Reference};

use crate::error::BuildError;
use crate::execute::Build;

/// The image's name; the next failure takes it over.
pub const NAME: &str = "build:FAILED";

/// A RUN that failed.
pub(crate) struct FailedStep<'a> {
    pub(crate) state: &'a StageState,
    /// The layers below it.
    pub(crate) layers: &'a [CommittedLayer],
    /// What it wrote.
    pub(crate) left: Option<CommittedLayer>,
    /// Its environment.
    pub(crate) env: &'a [(String, String)],
}

impl FailedStep<'_> {
    /// Keep it under [`NAME`].
    pub(crate) fn keep(self, build: &Build<'_>) -> Result<(), BuildError> {
        let request = build.request;
        let mut config = self.state.config.clone();
        config.platform = config.platform.or_else(|| Some(request.platform.clone()));
        config.env = self.env.to_vec();
        config.entrypoint = Vec::new();
        config.cmd = self.state.config.shell_or_default().into_iter().take(1).collect();
        config.history.push(HistoryEntry {
            created_by: Some("what a failed RUN left".to_string()),
            empty_layer: self.left.is_none(),
            ..HistoryEntry::default()
        });
        let mut layers = self.layers.to_vec();
        layers.extend(self.left);
        let digest = request.store.create_image(config, &layers)?;
        let name: Reference = NAME.parse().expect("the name is a constant");
        Ok(request.store.tag(&digest, &name)?)
    }
}
