//! Where COPY and mounts take files from: a directory with its ignore file, or layers.

use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::layer::LayeredTree;
use plimsoll_image::{Context, SourceTree};

/// Where COPY and mounts take files from.
pub(crate) enum FilesFrom<'a> {
    /// The build context, or a directory of `--build-context`.
    Context {
        context: &'a Context,
        ignore: &'a Ignore,
        /// What messages call the ignore file.
        ignore_name: String,
        /// What messages call the directory.
        origin: String,
    },
    /// A stage or an image.
    Layers {
        tree: LayeredTree,
        /// What messages call it.
        origin: String,
    },
}

impl FilesFrom<'_> {
    /// The files.
    pub(crate) fn tree(&self) -> &dyn SourceTree {
        match self {
            FilesFrom::Context { context, .. } => *context,
            FilesFrom::Layers { tree, .. } => tree,
        }
    }

    /// What messages call it.
    pub(crate) fn origin(&self) -> &str {
        match self {
            FilesFrom::Context { origin, .. } | FilesFrom::Layers { origin, .. } => origin,
        }
    }

    /// The ignore file with its name.
    pub(crate) fn ignore(&self) -> Option<(&Ignore, String)> {
        match self {
            FilesFrom::Context { ignore, ignore_name, .. } => Some((ignore, ignore_name.clone())),
            FilesFrom::Layers { .. } => None,
        }
    }

    /// What messages call the ignore file.
    pub(crate) fn ignore_name(&self) -> String {
        self.ignore().map_or(String::new(), |(_, name)| name)
    }

    /// The line that ignores a path.
    pub(crate) fn ignored_at(&self, path: &[u8]) -> Option<usize> {
        let (ignore, _) = self.ignore().filter(|_| !path.is_empty())?;
        ignore.excluded(&String::from_utf8_lossy(path))
    }

    /// Whether something below an ignored directory is not ignored.
    pub(crate) fn may_include_below(&self, path: &[u8]) -> bool {
        self.ignore().is_none_or(|(ignore, _)| ignore.may_include_below(&String::from_utf8_lossy(path)))
    }
}
