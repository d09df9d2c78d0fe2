//! Carrying a copy out: entries into a new layer.

use plimsoll_image::Store;
use plimsoll_image::layer::{CommittedLayer, CopyRules, LayerBuilder, LayeredTree, Meta, Owner};
use plimsoll_image::path;
use plimsoll_image::tree::SourceKind;
use plimsoll_model::Digest;

use super::chmod::ModeChange;
use super::selection::{CopyError, CopyJob, NAMELESS, Selected};
use crate::key::KeyHasher;

/// What the jobs of one instruction selected, one after the other into one layer.
pub fn execute(
    parts: &[(&CopyJob<'_>, &[Selected])],
    store: &Store,
    lower: &LayeredTree,
    epoch: u64,
) -> Result<Option<CommittedLayer>, CopyError> {
    let Some((first, _)) = parts.first() else { return Ok(None) };
    let mut builder = LayerBuilder::new(store, lower, epoch)?;
    builder.made_for(first.step());
    builder.make_parents_with(first.parent_mode());
    let target = first.target();
    let real = builder.resolve(target.path.as_bytes())?;
    let into_directory = target.directory || first.work.parents || builder.is_directory(&real);
    let selected: usize = parts.iter().map(|(_, selected)| selected.len()).sum();
    if selected + first.work.documents.len() > 1 && !into_directory {
        return Err(CopyError::ManyToOne { destination: first.work.destination.clone() });
    }
    for (job, selected) in parts {
        for top in *selected {
            job.place_one(&mut builder, top, &real, into_directory)?;
        }
    }
    first.place_documents(&mut builder, &real, into_directory)?;
    Ok(builder.finish()?)
}

impl CopyJob<'_> {
    fn place_documents(
        &self,
        builder: &mut LayerBuilder<'_>,
        real: &[u8],
        into_directory: bool,
    ) -> Result<(), CopyError> {
        let owner = self.owner.unwrap_or_default();
        for (name, body) in &self.work.documents {
            let to = if into_directory { path::join(real, name.as_bytes()) } else { real.to_vec() };
            let mode = self.mode.as_ref().map_or(0o644, |mode| mode.apply(0o644, false));
            builder.add_file(&to, body.as_bytes(), Meta { mode, owner, mtime: None })?;
        }
        Ok(())
    }

    /// An octal `--chmod` is the mode of directories made on the way, too (buildkit,
    /// `dockerfile_copy_test.go` testCopyChmod).
    fn parent_mode(&self) -> u32 {
        match self.mode {
            Some(ModeChange::Set(mode)) => mode,
            _ => 0o755,
        }
    }

    /// What of this step stays the same when the files it copies change.
    fn step(&self) -> Digest {
        let mut hasher = KeyHasher::new("copy of whatever files");
        hasher.fact("", b"", [self.tree.identity().as_slice()]);
        hasher.texts("", "", [self.origin.as_str(), self.target().path.as_str()]);
        hasher.texts("", "", self.work.sources.iter().map(String::as_str));
        hasher.finish().0
    }

    fn place_one(
        &self,
        builder: &mut LayerBuilder<'_>,
        top: &Selected,
        real: &[u8],
        into_directory: bool,
    ) -> Result<(), CopyError> {
        let owner = self.owner.unwrap_or_default();
        let parent = Meta { mode: self.parent_mode(), owner, mtime: None };
        if top.unpack {
            builder.make_directory(real, parent)?;
            builder.add_archive(self.tree.open(&top.path)?, real, self.owner)?;
            return Ok(());
        }
        let is_directory = top.entry.kind == SourceKind::Directory;
        let to = match (self.work.parents, into_directory && !is_directory) {
            (true, _) => path::join(real, &top.kept_path()),
            (false, true) => path::join(real, &top.name),
            (false, false) => real.to_vec(),
        };
        if let Some(word) =
            self.sources.first().filter(|_| into_directory && !is_directory && top.name.is_empty())
        {
            return Err(self.unusable(word, NAMELESS));
        }
        if is_directory && !self.work.parents {
            builder.make_directory(&to, parent)?;
        }
        let change =
            |old: u32, directory: bool| self.mode.as_ref().map_or(old, |mode| mode.apply(old, directory));
        let excluded = |path: &[u8], _directory: bool| path != top.path && self.leaves_out(top, path);
        let enter = |path: &[u8]| self.enters(top, path);
        let rules = CopyRules {
            owner: self.owner.or_else(|| self.context_owner()),
            mode: self.mode.is_some().then_some(&change),
            excluded: &excluded,
            enter: &enter,
        };
        for (kept, entry) in &top.above {
            builder.make_directory_like(&path::join(real, kept), entry, &rules)?;
        }
        if is_directory && self.work.parents {
            builder.add_directory_like(&to, &top.entry, &rules)?;
        }
        builder.add_tree(self.tree, &top.path, &to, &rules)?;
        Ok(())
    }

    /// What comes from a build context belongs to root; what comes from a stage keeps its owner.
    fn context_owner(&self) -> Option<Owner> {
        self.ignore.is_some().then(Owner::default)
    }
}
