//! Files that a bind mount shows or a cache begins with.

use plimsoll_image::Store;
use plimsoll_image::layer::{CopyRules, LayerBuilder, LayeredTree, UnpackedTree};
use plimsoll_image::path;
use plimsoll_image::tree::{Filter, SourceKind};
use plimsoll_model::{Digest, Span};

use crate::copy::{CopyError, explain_missing};
use crate::files_from::FilesFrom;

/// A path of a source, with what its content is.
pub(crate) struct BoundFiles<'a> {
    pub(super) files: FilesFrom<'a>,
    /// The real path.
    pub(super) path: Vec<u8>,
    pub(super) directory: bool,
    /// Of everything at and below the path.
    pub(crate) digest: Digest,
}

/// What a mount is made of.
pub(super) enum Shown {
    /// Layers as they are.
    Layers(LayeredTree),
    /// A copy without what is ignored, gone when the step is done: the context itself would show
    /// ignored files and the owners of this machine.
    Copy(UnpackedTree),
}

impl<'a> BoundFiles<'a> {
    /// Find what stands at a path; that nothing does is told as for COPY.
    pub(crate) fn find(files: FilesFrom<'a>, written: &str, span: Span) -> Result<Self, CopyError> {
        let wanted = path::clean(written.as_bytes());
        let found = files.tree().resolve(&wanted)?;
        let ignored = files.ignored_at(&wanted);
        let seen = found.filter(|(_, entry)| {
            ignored.is_none() || (entry.kind == SourceKind::Directory && files.may_include_below(&wanted))
        });
        let Some((path, entry)) = seen else {
            let ignored = ignored.map(|line| (files.ignore_name(), line));
            let message = explain_missing(files.tree(), written, ignored, files.origin(), &|_| None);
            return Err(CopyError::Source { span, message });
        };
        let excluded = |at: &[u8], _: bool| at != path && files.ignored_at(at).is_some();
        let enter = |at: &[u8]| files.may_include_below(at);
        let filter = Filter { excluded: &excluded, enter: &enter };
        let digest = files.tree().selection_digest(std::slice::from_ref(&path), filter)?;
        let directory = entry.kind == SourceKind::Directory;
        Ok(BoundFiles { path, directory, digest, files })
    }

    /// Whether a directory stands there.
    pub(crate) fn is_directory(&self) -> bool {
        self.directory
    }

    /// The path as a mount takes it.
    pub(super) fn shown_path(&self) -> Result<String, String> {
        String::from_utf8(self.path.clone())
            .map_err(|_| format!("{} is no UTF-8 and cannot be mounted", path::display(&self.path)))
    }

    pub(super) fn show(&self, store: &Store, epoch: u64) -> plimsoll_image::Result<Shown> {
        match &self.files {
            FilesFrom::Layers { tree, .. } => Ok(Shown::Layers(tree.clone())),
            FilesFrom::Context { .. } => {
                let nothing = LayeredTree::empty();
                let mut builder = LayerBuilder::new(store, &nothing, epoch)?;
                self.copy_to(&mut builder, &self.path)?;
                Ok(Shown::Copy(builder.finish_unpacked()?))
            }
        }
    }

    /// Copy what is not ignored into a layer in the making.
    pub(super) fn copy_to(&self, builder: &mut LayerBuilder<'_>, to: &[u8]) -> plimsoll_image::Result<()> {
        let excluded = |at: &[u8], _: bool| at != self.path && self.files.ignored_at(at).is_some();
        let enter = |at: &[u8]| self.files.may_include_below(at);
        let rules = CopyRules { excluded: &excluded, enter: &enter, ..CopyRules::AS_IS };
        builder.add_tree(self.files.tree(), &self.path, to, &rules).map(drop)
    }
}
