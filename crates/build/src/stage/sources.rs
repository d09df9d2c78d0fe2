//! What `--from` and `from=` name: an earlier stage, a named context, an image; else the build context.

use plimsoll_dockerfile::stages::find_stage;
use plimsoll_image::layer::LayeredTree;
use plimsoll_model::user::nearest;

use super::StageBuild;
use crate::error::BuildError;
use crate::files_from::FilesFrom;
use crate::named_context::NamedContext;
use crate::place::Place;

impl<'a> StageBuild<'a, '_> {
    /// The files of a source.
    pub(super) fn files_from(
        &self,
        place: &Place<'_>,
        from: Option<&str>,
    ) -> Result<FilesFrom<'a>, BuildError> {
        let request = self.build.request;
        let Some(from) = from else {
            let (ignore, ignore_name) = &request.ignore;
            let (ignore_name, origin) = (ignore_name.clone(), "the build context".to_string());
            return Ok(FilesFrom::Context { context: request.context, ignore, ignore_name, origin });
        };
        if let Some(stage) = find_stage(self.build.dockerfile, from, self.index) {
            let tree = self.build.merged(&self.build.stage(stage)?.layers)?;
            return Ok(FilesFrom::Layers { tree, origin: format!("stage '{from}'") });
        }
        let reference = match request.contexts.get(from) {
            Some(NamedContext::Directory { context, ignore, ignore_name }) => {
                let (ignore_name, origin) = (ignore_name.clone(), format!("the context '{from}'"));
                return Ok(FilesFrom::Context { context, ignore, ignore_name, origin });
            }
            Some(NamedContext::Stored(image)) => {
                let tree = LayeredTree::of_image(request.store, image)?;
                return Ok(FilesFrom::Layers { tree, origin: format!("the context '{from}'") });
            }
            Some(NamedContext::Image(reference)) => reference.clone(),
            None => {
                from.parse().map_err(|error: plimsoll_model::reference::BadReference| place.refuse(error))?
            }
        };
        let image = self.build.image(&reference, &self.platform, place.statement.span);
        let image = image.map_err(|error| self.not_a_stage(from, error))?;
        let tree = LayeredTree::of_image(request.store, &image)?;
        Ok(FilesFrom::Layers { tree, origin: format!("image '{from}'") })
    }

    /// An image that cannot be had may be a stage whose name is mistyped.
    fn not_a_stage(&self, from: &str, error: BuildError) -> BuildError {
        let stages = &self.build.dockerfile.stages[..self.index];
        let names = stages.iter().filter_map(|stage| stage.from.name.as_ref()).map(|name| &name.text);
        match (error, nearest(from, names)) {
            (BuildError::Base { message, source_text, span }, Some(near)) => {
                let message =
                    format!("there is no stage '{from}'; did you mean '{near}'? As an image: {message}");
                BuildError::Base { message, source_text, span }
            }
            (error, _) => error,
        }
    }
}
