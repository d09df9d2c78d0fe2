//! From the words of a COPY to the entries it means.

use plimsoll_contract::stage::CopyWork;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::layer::{Owner, is_archive};
use plimsoll_image::path;
use plimsoll_image::tree::{Filter, SourceEntry, SourceKind, SourceTree, Visited};
use plimsoll_model::Span;

use super::chmod::ModeChange;
use super::{missing, parents, wildcard};
use crate::key::{FILE, KeyHasher};

/// A source word, expanded, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it says.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// What a COPY or ADD takes from one tree, with everything decided but where the destination's links
/// lead.
pub struct CopyJob<'a> {
    /// The work as written, expanded.
    pub work: &'a CopyWork,
    /// The sources that are looked for in this tree.
    pub sources: Vec<Word>,
    /// What is copied from.
    pub tree: &'a dyn SourceTree,
    /// How messages call that: `the build context`, `stage 'build'`, `image 'x'`.
    pub origin: String,
    /// The context's ignore file with its name; none for everything else.
    pub ignore: Option<(&'a Ignore, String)>,
    /// Where a source that is missing may have been meant to be.
    pub elsewhere: &'a dyn Fn(&str) -> Option<String>,
    /// Archives are unpacked instead of copied.
    pub unpack: bool,
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
    /// The directories that `--parents` keeps above it, outermost first, relative to the destination.
    pub above: Vec<(Vec<u8>, SourceEntry)>,
}

impl Selected {
    /// Where `--parents` puts it, relative to the destination.
    pub(super) fn kept_path(&self) -> Vec<u8> {
        let above = self.above.last().map_or(&b""[..], |(path, _)| path);
        path::join(above, &self.name)
    }
}

/// Where the copy goes, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Absolute clean path.
    pub path: String,
    /// The text says that it is a directory (final `/`, `.`).
    pub directory: bool,
}

/// Why a COPY cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A source is missing or cannot be copied.
    #[error("{message}")]
    Source {
        /// The word.
        span: Span,
        /// One sentence.
        message: String,
    },
    /// Several sources and one name to copy to.
    #[error(
        "several sources cannot be copied to the one file '{destination}': end the destination with '/' to make it a directory"
    )]
    ManyToOne {
        /// The destination as written.
        destination: String,
    },
    /// The store or the source failed.
    #[error(transparent)]
    Image(#[from] plimsoll_image::Error),
}

/// Whether a destination is a directory by its text alone.
pub fn says_directory(destination: &str) -> bool {
    matches!(destination.rsplit('/').next().unwrap_or(""), "" | "." | "..")
}

/// Why a file without a name, from an address that ends in `/`, cannot be put into a directory.
pub const NAMELESS: &str = "names no file: give the destination a file name, as in /path/NAME";

impl CopyJob<'_> {
    /// Where to.
    pub fn target(&self) -> Target {
        let written = &self.work.destination;
        Target {
            path: plimsoll_model::file_tree::clean_path(&self.workdir, written),
            directory: says_directory(written),
        }
    }

    /// The entries all source words mean, in order. Patterns that match nothing are returned beside.
    pub fn select(&self) -> Result<(Vec<Selected>, Vec<Word>), CopyError> {
        let mut selected = Vec::new();
        let mut unmatched = Vec::new();
        for word in &self.sources {
            let found = match (self.work.parents, wildcard::is_pattern(&word.text)) {
                (true, _) => self.select_with_parents(word)?,
                (false, true) => self.select_pattern(word)?,
                (false, false) => vec![self.select_named(word)?],
            };
            if found.is_empty() {
                unmatched.push(word.clone());
            }
            selected.extend(found);
        }
        Ok((selected, unmatched))
    }

    fn select_named(&self, word: &Word) -> Result<Selected, CopyError> {
        let path = path::clean(word.text.as_bytes());
        self.select_one(word, &path)?.ok_or_else(|| self.missing(word, &path))
    }

    fn select_pattern(&self, word: &Word) -> Result<Vec<Selected>, CopyError> {
        let paths = self.expand_pattern(&word.text)?;
        let found = paths.iter().filter_map(|path| self.select_one(word, path).transpose());
        let mut found = found.collect::<Result<Vec<_>, _>>()?;
        // As the reference says (`COPY --exclude=*.txt hom* /dir/`); BuildKit asks only about what lies
        // below a source.
        found.retain(|top| top.entry.kind == SourceKind::Directory || !self.is_excluded(&top.name));
        Ok(found)
    }

    /// A link given as source is followed; its own name is kept.
    fn select_one(&self, word: &Word, path: &[u8]) -> Result<Option<Selected>, CopyError> {
        let Some((real, entry)) = self.tree.resolve(path)? else { return Ok(None) };
        self.take(word, path, real, entry)
    }

    /// What stands at a real path, unless it is ignored. `named` is the path to it as written.
    pub(super) fn take(
        &self,
        word: &Word,
        named: &[u8],
        real: Vec<u8>,
        entry: SourceEntry,
    ) -> Result<Option<Selected>, CopyError> {
        let hidden = entry.kind != SourceKind::Directory || !self.may_contain_included(named);
        if self.is_ignored(named) && hidden {
            return Ok(None);
        }
        if matches!(entry.kind, SourceKind::Socket) {
            return Err(self.unusable(word, "is a socket, which no image can hold"));
        }
        let unpack = self.unpack
            && matches!(entry.kind, SourceKind::File { .. })
            && is_archive(self.tree.open(&real)?);
        let name = path::name(named).to_vec();
        Ok(Some(Selected { name, path: real, entry, unpack, above: Vec::new() }))
    }

    pub(super) fn unusable(&self, word: &Word, why: &str) -> CopyError {
        CopyError::Source { span: word.span, message: format!("'{}' {why}", word.text) }
    }

    /// The paths a pattern means, one component after the other, links between them followed.
    pub(super) fn expand_pattern(&self, pattern: &str) -> Result<Vec<Vec<u8>>, CopyError> {
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
        Ok(found)
    }

    /// The error for a source that is not there.
    pub(super) fn missing(&self, word: &Word, path: &[u8]) -> CopyError {
        let there = self.tree.resolve(path).is_ok_and(|found| found.is_some());
        let ignored = self.ignore.as_ref().filter(|_| there).and_then(|(ignore, name)| {
            Some((name.clone(), ignore.excluded(&String::from_utf8_lossy(path))?))
        });
        let message = missing::explain(self.tree, &word.text, ignored, &self.origin, self.elsewhere);
        CopyError::Source { span: word.span, message }
    }

    pub(super) fn is_ignored(&self, path: &[u8]) -> bool {
        let Some((ignore, _)) = &self.ignore else { return false };
        !path.is_empty() && ignore.excluded(&String::from_utf8_lossy(path)).is_some()
    }

    pub(super) fn may_contain_included(&self, path: &[u8]) -> bool {
        let Some((ignore, _)) = &self.ignore else { return true };
        ignore.may_include_below(&String::from_utf8_lossy(path))
    }

    fn is_excluded(&self, relative: &[u8]) -> bool {
        !relative.is_empty() && self.exclude.excluded(&String::from_utf8_lossy(relative)).is_some()
    }

    /// Whether an entry below the selected top is left out.
    pub fn leaves_out(&self, top: &Selected, path: &[u8]) -> bool {
        self.is_ignored(path) || self.is_excluded(&self.excludable(top, path))
    }

    /// Whether something below a directory that is left out may still be copied.
    pub fn enters(&self, top: &Selected, path: &[u8]) -> bool {
        let relative = self.excludable(top, path);
        self.may_contain_included(path) && self.exclude.may_include_below(&String::from_utf8_lossy(&relative))
    }

    /// The path `--exclude` looks at: from the source on, with `--parents` from its pivot on.
    fn excludable(&self, top: &Selected, path: &[u8]) -> Vec<u8> {
        let below = path.strip_prefix(top.path.as_slice()).unwrap_or(path);
        let below = below.strip_prefix(b"/").unwrap_or(below);
        match self.work.parents {
            true => path::join(&top.kept_path(), below),
            false => below.to_vec(),
        }
    }

    /// Add to a key everything the result depends on: paths, types, modes, owners, link targets,
    /// attributes and bytes, but no times.
    pub fn hash(&self, selected: &[Selected], hasher: &mut KeyHasher) -> Result<(), CopyError> {
        let target = self.target();
        let directory = if target.directory { "/" } else { "" };
        hasher.texts("the destination", "", [target.path.as_str(), directory]);
        let rules = format!("{:?} {:?} {:?}", self.owner, self.mode, self.work.chmod);
        hasher.texts("owner and mode", "", [rules.as_str()]);
        for (name, body) in &self.work.documents {
            hasher.texts("the document ", name, [name.as_str(), body]);
        }
        for top in selected {
            let unpack: &[u8] = if top.unpack { b"unpacked" } else { b"" };
            // A directory gives its contents, whatever it is called.
            let nameless = top.entry.kind == SourceKind::Directory && !self.work.parents;
            let name = if nameless { b"".as_slice() } else { &top.name };
            hasher.fact("the source ", &top.path, [name, unpack]);
            parents::hash(top, hasher);
            self.hash_below(top, hasher)?;
        }
        Ok(())
    }

    fn hash_below(&self, top: &Selected, hasher: &mut KeyHasher) -> Result<(), CopyError> {
        let excluded = |path: &[u8], _directory: bool| path != top.path && self.leaves_out(top, path);
        let enter = |path: &[u8]| self.enters(top, path);
        let filter = Filter { excluded: &excluded, enter: &enter };
        self.tree.visit(&top.path, filter, &mut |Visited { path, entry, content }| {
            let (digest, numbers);
            let (kind, bytes): (&[u8], &[u8]) = match &entry.kind {
                SourceKind::File { .. } => {
                    digest = content.digest()?;
                    (b"file", digest.raw())
                }
                SourceKind::Symlink(target) => (b"link", target),
                SourceKind::Directory => (b"directory", b""),
                SourceKind::Fifo => (b"fifo", b""),
                SourceKind::Socket => (b"socket", b""),
                SourceKind::Device { block, major, minor } => {
                    numbers = [u32::from(*block), *major, *minor].map(u32::to_le_bytes).concat();
                    (b"device", &numbers)
                }
            };
            let mode = entry.mode.to_le_bytes();
            let owner = [entry.uid.to_le_bytes(), entry.gid.to_le_bytes()].concat();
            let attributes = attributes_text(&entry);
            let relative = path.strip_prefix(top.path.as_slice()).unwrap_or(path);
            hasher.fact(FILE, path, [relative, kind, &mode, &owner, &attributes, bytes]);
            Ok(())
        })?;
        Ok(())
    }
}

/// Extended attributes as one part of a key, each with its lengths.
pub(super) fn attributes_text(entry: &SourceEntry) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in &entry.xattrs {
        for bytes in [name, value] {
            text.extend((bytes.len() as u64).to_le_bytes());
            text.extend(bytes);
        }
    }
    text
}
