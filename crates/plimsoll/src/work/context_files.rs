//! A project's build context as rules look at it.

use plimsoll_image::SourceTree as _;
use plimsoll_image::tree::{Filter, SourceKind};
use plimsoll_lint::ContextFiles;
use plimsoll_model::Source;

use super::project::Project;

impl ContextFiles for Project {
    fn exists(&self, path: &str) -> bool {
        matches!(self.context.resolve(relative(path)), Ok(Some(_)))
    }

    fn is_ignored(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        !path.is_empty() && self.ignore.excluded(path).is_some()
    }

    fn size(&self, path: &str) -> u64 {
        let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        let excluded = |path: &[u8], _: bool| self.ignore.excluded(&text(path)).is_some();
        let enter = |path: &[u8]| self.ignore.may_include_below(&text(path));
        let mut bytes = 0;
        let walked =
            self.context.visit(relative(path), Filter { excluded: &excluded, enter: &enter }, &mut |met| {
                if let SourceKind::File { size } = met.entry.kind {
                    bytes += size;
                }
                Ok(())
            });
        // What cannot be read adds nothing: the number only says how much is at stake.
        walked.map_or(bytes, |()| bytes)
    }

    fn ignore_file(&self) -> Option<Source> {
        self.own_ignore_file()
    }
}

fn relative(path: &str) -> &[u8] {
    path.trim_matches('/').as_bytes()
}
