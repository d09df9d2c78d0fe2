//! From the words of a COPY to the entries it means.

use plimsoll_contract::stage::CopyWork;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::layer::Owner;
use plimsoll_image::path;
use plimsoll_image::tree::{SourceEntry, SourceKind, SourceTree};

use super::chmod::ModeChange;
use super::{archive, missing, wildcard};
use crate::key::KeyHasher;

/// A COPY or ADD with everything decided but where the destination's links lead.
pub struct CopyJob<'a> {
    /// The work as written, expanded.
    pub work: &'a CopyWork,
    /// What is copied from.
    pub tree: &'a dyn SourceTree,
    /// How messages call that: `the build context`, `stage build`, `image x`.
    pub origin: String,
    /// The context's ignore file with its name; none for stages and images.
    pub ignore: Option<(&'a Ignore, String)>,
    /// `--exclude`, relative to the source.
    pub exclude: Ignore,
    /// The new owner; `None` keeps the source's.
    pub owner: Option<Owner>,
    /// The new mode; `None` keeps the source's.
    pub mode: Option<ModeChange>,
    /// Working directory at this place of the Dockerfile.
    pub workdir: String,
}

/// A top entry that a source word means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selected {
    /// Where it really stands in the source.
    pub path: Vec<u8>,
    /// The name it keeps when copied into a directory.
    pub name: Vec<u8>,
    /// What it is.
    pub entry: SourceEntry,
    /// ADD unpacks it instead of copying it.
    pub unpack: bool,
}

/// Where the copy goes, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Absolute clean path.
    pub path: String,
    /// The text says that it is a directory (final `/`, `.`).
    pub directory: bool,
}

/// Why a COPY cannot be done; the place is the instruction.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Nothing stands at a source path.
    #[error("{0}")]
    Missing(String),
    /// Several sources and one name to copy to.
    #[error(
        "several sources cannot be copied to the one file '{destination}': end the destination with '/' to make it a directory"
    )]
    ManyToOne {
        /// The destination as written.
        destination: String,
    },
    /// A source that cannot be copied.
    #[error("'{path}' {why}")]
    Unusable {
        /// As written.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// The store or the source failed.
    #[error(transparent)]
    Image(#[from] plimsoll_image::Error),
    /// A source could not be read.
    #[error("cannot read '{path}': {why}")]
    Unreadable {
        /// As written.
        path: String,
        /// The system's reason.
        why: String,
    },
}

impl CopyJob<'_> {
    /// Where to.
    pub fn target(&self) -> Target {
        let written = &self.work.destination;
        let last = written.rsplit('/').next().unwrap_or("");
        Target {
            path: plimsoll_model::file_tree::clean_path(&self.workdir, written),
            directory: matches!(last, "" | "." | ".."),
        }
    }

    /// The entries all source words mean, in order. Patterns that match nothing are returned beside.
    pub fn select(&self) -> Result<(Vec<Selected>, Vec<String>), CopyError> {
        let mut selected = Vec::new();
        let mut unmatched = Vec::new();
        for source in &self.work.sources {
            if wildcard::is_pattern(source) {
                let found = self.expand_pattern(source)?;
                if found.is_empty() {
                    unmatched.push(source.clone());
                }
                for path in found {
                    selected.extend(self.select_one(source, &path)?);
                }
                continue;
            }
            let path = path::clean(source.as_bytes());
            match self.select_one(source, &path)? {
                Some(found) => selected.push(found),
                None => return Err(CopyError::Missing(self.explain_missing(source, &path))),
            }
        }
        Ok((selected, unmatched))
    }

    /// A link given as source is followed; its own name is kept.
    fn select_one(&self, written: &str, path: &[u8]) -> Result<Option<Selected>, CopyError> {
        let Some((real, entry)) = self.tree.resolve(path)? else { return Ok(None) };
        let hidden = entry.kind != SourceKind::Directory || !self.may_contain_included(path);
        if self.is_ignored(path) && hidden {
            return Ok(None);
        }
        if matches!(entry.kind, SourceKind::Socket) {
            return Err(CopyError::Unusable {
                path: written.to_string(),
                why: "is a socket, which no image can hold",
            });
        }
        let unpack = self.unpacks(written, &real, &entry)?;
        Ok(Some(Selected { name: path::name(path).to_vec(), path: real, entry, unpack }))
    }

    fn unpacks(&self, written: &str, real: &[u8], entry: &SourceEntry) -> Result<bool, CopyError> {
        if !self.work.is_add
            || self.work.unpack == Some(false)
            || !matches!(entry.kind, SourceKind::File { .. })
        {
            return Ok(false);
        }
        archive::is_archive(self.tree.open(real)?)
            .map_err(|error| CopyError::Unreadable { path: written.to_string(), why: error.to_string() })
    }

    fn expand_pattern(&self, pattern: &str) -> Result<Vec<Vec<u8>>, CopyError> {
        let mut found: Vec<Vec<u8>> = vec![Vec::new()];
        for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
            let mut next = Vec::new();
            for directory in &found {
                let Some((real, entry)) = self.tree.resolve(directory)? else { continue };
                if entry.kind != SourceKind::Directory {
                    continue;
                }
                let names = self.tree.names(&real)?;
                let matching =
                    names.iter().filter(|name| wildcard::matches(part, &String::from_utf8_lossy(name)));
                next.extend(matching.map(|name| path::join(directory, name)));
            }
            found = next;
        }
        found.retain(|path| !self.is_ignored(path));
        Ok(found)
    }

    fn explain_missing(&self, written: &str, path: &[u8]) -> String {
        let there = self.tree.resolve(path).is_ok_and(|found| found.is_some());
        let ignored = self.ignore.as_ref().filter(|_| there).and_then(|(ignore, name)| {
            Some((name.clone(), ignore.excluded(&String::from_utf8_lossy(path))?))
        });
        missing::explain(self.tree, written, ignored, &self.origin)
    }

    fn is_ignored(&self, path: &[u8]) -> bool {
        let Some((ignore, _)) = &self.ignore else { return false };
        !path.is_empty() && ignore.excluded(&String::from_utf8_lossy(path)).is_some()
    }

    fn may_contain_included(&self, path: &[u8]) -> bool {
        let Some((ignore, _)) = &self.ignore else { return true };
        ignore.may_include_below(&String::from_utf8_lossy(path))
    }

    /// Whether an entry below the selected top is left out.
    pub fn leaves_out(&self, top: &[u8], path: &[u8]) -> bool {
        if self.is_ignored(path) {
            return true;
        }
        let below = path.strip_prefix(top).unwrap_or(path);
        let below = below.strip_prefix(b"/").unwrap_or(below);
        !below.is_empty() && self.exclude.excluded(&String::from_utf8_lossy(below)).is_some()
    }

    /// Whether something below a directory that is left out may still be copied.
    pub fn enters(&self, top: &[u8], path: &[u8]) -> bool {
        let below = path.strip_prefix(top).unwrap_or(path);
        let below = below.strip_prefix(b"/").unwrap_or(below);
        self.may_contain_included(path) && self.exclude.may_include_below(&String::from_utf8_lossy(below))
    }

    /// Add to a key everything the result depends on: paths, types, modes, owners, link targets,
    /// attributes and bytes, but no times.
    pub fn hash(&self, selected: &[Selected], hasher: &mut KeyHasher) -> Result<(), CopyError> {
        let target = self.target();
        hasher.list([target.path.as_str(), if target.directory { "/" } else { "" }]);
        hasher.add(format!("{:?} {:?} {:?}", self.owner, self.mode, self.work.chmod).as_bytes());
        for (name, body) in &self.work.documents {
            hasher.list(["document", name, body]);
        }
        for top in selected {
            hasher.add(&top.name);
            hasher.add(&[u8::from(top.unpack)]);
            self.hash_entry(&top.path, &top.path, hasher)?;
        }
        Ok(())
    }

    fn hash_entry(&self, top: &[u8], path: &[u8], hasher: &mut KeyHasher) -> Result<(), CopyError> {
        let out = path != top && self.leaves_out(top, path);
        let Some(entry) = self.tree.entry(path)? else { return Ok(()) };
        if out && (entry.kind != SourceKind::Directory || !self.enters(top, path)) {
            return Ok(());
        }
        hasher.add(path.strip_prefix(top).unwrap_or(path));
        hasher.add(format!("{:o} {} {}", entry.mode, entry.uid, entry.gid).as_bytes());
        for (name, value) in &entry.xattrs {
            hasher.add(name);
            hasher.add(value);
        }
        match &entry.kind {
            SourceKind::File { .. } => hasher.add(self.tree.digest(path)?.to_string().as_bytes()),
            SourceKind::Symlink(target) => hasher.add(target),
            SourceKind::Directory => {
                for name in self.tree.names(path)? {
                    self.hash_entry(top, &path::join(path, &name), hasher)?;
                }
            }
            other => hasher.add(format!("{other:?}").as_bytes()),
        }
        Ok(())
    }
}
