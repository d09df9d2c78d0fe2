//! WORKDIR: a directory that is made if it is not there.

use plimsoll_image::layer::{LayerBuilder, Meta, Owner};

use super::{Outcome, StageBuild};
use crate::copy::CopyError;
use crate::key::KeyHasher;
use crate::place::Place;

impl StageBuild<'_, '_> {
    /// WORKDIR: the directory belongs to the configuration's user.
    pub(super) fn make_directory(&self, place: &Place<'_>, path: &str) -> Outcome {
        let mut key = KeyHasher::new("workdir");
        self.below(&mut key);
        key.texts("the directory", "", [path]);
        key.texts("the user", "", [self.state.config.user.as_str()]);
        self.known_or(place, key, || {
            let tree = self.tree()?;
            let user = self.user(place)?;
            let owner = Owner { uid: user.uid, gid: user.gid };
            let mut builder = LayerBuilder::new(self.build.request.store, tree, self.build.request.epoch)?;
            builder
                .make_directory(path.as_bytes(), Meta { mode: 0o755, owner, mtime: None })
                .map_err(|error| place.copy_failed(CopyError::Image(error)))?;
            Ok(builder.finish()?)
        })
    }
}
