//! Carrying a copy out: entries into a new layer.

use plimsoll_image::Store;
use plimsoll_image::layer::{CommittedLayer, CopyRules, LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_image::path;
use plimsoll_image::tree::SourceKind;

use super::selection::{CopyError, CopyJob, Selected};

impl CopyJob<'_> {
    /// Make the layer.
    pub fn execute(
        &self,
        selected: &[Selected],
        store: &Store,
        lower: &LayeredTree,
        epoch: u64,
    ) -> Result<Option<CommittedLayer>, CopyError> {
        let mut builder = LayerBuilder::new(store, lower, epoch)?;
        let target = self.target();
        let real = builder.resolve(target.path.as_bytes())?;
        let into_directory = target.directory || builder.is_directory(&real);
        if selected.len() + self.work.documents.len() > 1 && !into_directory {
            return Err(CopyError::ManyToOne { destination: self.work.destination.clone() });
        }
        let owner = self.owner.unwrap_or_default();
        for (name, body) in &self.work.documents {
            let to = if into_directory { path::join(&real, name.as_bytes()) } else { real.clone() };
            let mode = self.mode.as_ref().map_or(0o644, |mode| mode.apply(0o644, false));
            builder.add_file(&to, body.as_bytes(), Meta { mode, owner, mtime: None })?;
        }
        for top in selected {
            self.place_one(&mut builder, top, &real, into_directory)?;
        }
        Ok(builder.finish()?)
    }

    fn place_one(
        &self,
        builder: &mut LayerBuilder<'_>,
        top: &Selected,
        real: &[u8],
        into_directory: bool,
    ) -> Result<(), CopyError> {
        let parent = Meta { mode: 0o755, owner: self.owner.unwrap_or_default(), mtime: None };
        if top.unpack {
            builder.make_directory(real, parent)?;
            builder.add_archive(self.tree.open(&top.path)?, real, self.owner)?;
            return Ok(());
        }
        let is_directory = top.entry.kind == SourceKind::Directory;
        let to = if into_directory && !is_directory { path::join(real, &top.name) } else { real.to_vec() };
        if is_directory {
            builder.make_directory(&to, parent)?;
        }
        let change =
            |old: u32, directory: bool| self.mode.as_ref().map_or(old, |mode| mode.apply(old, directory));
        let excluded = |path: &[u8], _directory: bool| path != top.path && self.leaves_out(&top.path, path);
        let enter = |path: &[u8]| self.enters(&top.path, path);
        let rules = CopyRules {
            owner: self.owner.or_else(|| self.context_owner()),
            mode: self.mode.is_some().then_some(&change),
            excluded: &excluded,
            enter: &enter,
        };
        builder.add_tree(self.tree, &top.path, &to, &rules)?;
        Ok(())
    }

    /// What comes from a build context belongs to root; what comes from a stage keeps its owner.
    fn context_owner(&self) -> Option<Owner> {
        self.ignore.is_some().then(Owner::default)
    }
}
