//! A Dockerfile with its build context, as it lies on disk.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_contract::origin::ContextEntry;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::git::GitTree;
use plimsoll_image::layer::UnpackedTree;
use plimsoll_image::{Context, SourceTree as _, tree::SourceKind};
use plimsoll_model::Source;
use plimsoll_sys::root_dir::RootDir;

use super::build_contexts::is_address;
use crate::command_error::{CommandError, ErrorKind};

/// A Dockerfile, its context and ignore file.
pub struct Project {
    /// The Dockerfile, named as messages shall show it.
    pub dockerfile: Source,
    /// The context.
    pub context: Context,
    /// The ignore patterns.
    pub ignore: Ignore,
    /// Where they stand.
    pub ignore_name: String,
    /// The text of the ignore file.
    ignore_text: String,
    /// Files of the context that have another text than on disk, by their path in it.
    edited: BTreeMap<String, String>,
    /// The context's directory as given.
    pub directory: PathBuf,
    _fetched: Option<Fetched>,
}

/// Files that came from elsewhere and are gone with the project.
enum Fetched {
    Archive { _files: UnpackedTree },
    Repository { _files: GitTree },
}

/// A Dockerfile larger than this is none.
const DOCKERFILE_LIMIT: u64 = 8 << 20;

/// Bytes of a context file that `explain` looks at.
const LOOK_LIMIT: u64 = 1 << 20;

impl Project {
    /// Open a directory (with its Dockerfile, or with another file in its place), or a Dockerfile
    /// with the directory it lies in.
    pub fn open(path: &Path, file: Option<&Path>) -> Result<Project, CommandError> {
        let (directory, dockerfile) = places(path, file)?;
        let text = read_text(&dockerfile)?;
        let ignore = ignore_file(&directory, &dockerfile)?;
        let name = dockerfile.strip_prefix("./").unwrap_or(&dockerfile).display().to_string();
        Project::assemble(directory, Source::new(name, text), ignore, None)
    }

    /// Open a directory with a Dockerfile of which an editor has another text than the disk, if that has any.
    pub fn unsaved(directory: &Path, dockerfile: &Path, text: String) -> Result<Project, CommandError> {
        let ignore = ignore_file(directory, dockerfile)?;
        let source = Source::new(dockerfile.display().to_string(), text);
        Project::assemble(directory.to_path_buf(), source, ignore, None)
    }

    /// Open a directory with a Dockerfile that lies nowhere.
    pub fn with_text(path: &Path, name: &str, text: String) -> Result<Project, CommandError> {
        if !path.is_dir() {
            return Err(not_there(path, "a directory with the files to copy was expected"));
        }
        Project::assemble(path.to_path_buf(), Source::new(name, text), context_ignore_file(path)?, None)
    }

    /// A Dockerfile that lies nowhere and has no file to copy.
    pub fn of_text_only(files: UnpackedTree, name: &str, text: String) -> Result<Project, CommandError> {
        let ignore = (IGNORE_NAME.to_string(), String::new());
        let directory = files.path();
        let fetched = Fetched::Archive { _files: files };
        Project::assemble(directory, Source::new(name, text), ignore, Some(fetched))
    }

    /// An unpacked archive with its Dockerfile in it. Links in it lead nowhere else.
    pub fn in_archive(files: UnpackedTree, file: Option<&Path>) -> Result<Project, CommandError> {
        let directory = files.path();
        let fetched = Fetched::Archive { _files: files };
        Project::within(directory, file, "the archive on standard input", fetched)
    }

    /// A repository with its Dockerfile in it, or a directory of it. Links in it lead nowhere else.
    pub fn in_repository(
        files: GitTree,
        directory: PathBuf,
        file: Option<&Path>,
        shown: &str,
    ) -> Result<Project, CommandError> {
        Project::within(directory, file, shown, Fetched::Repository { _files: files })
    }

    fn within(
        directory: PathBuf,
        file: Option<&Path>,
        place: &str,
        fetched: Fetched,
    ) -> Result<Project, CommandError> {
        let root =
            RootDir::open(&directory).map_err(|error| CommandError::file("open", &directory, &error))?;
        let name = file.unwrap_or(Path::new("Dockerfile"));
        let shown = name.display().to_string();
        let read = |name: &Path| root.open_file(name.as_os_str().as_encoded_bytes());
        let dockerfile = read(name).map_err(|error| {
            let why = plimsoll_image::error::reason(&error);
            CommandError::usage(format!("{place} has no file {shown}: {why}"))
                .hint("name another file of it with -f")
        })?;
        let text = text_of(dockerfile, &shown)?;
        let own = PathBuf::from(format!("{shown}.dockerignore"));
        let ignore = match [own, PathBuf::from(IGNORE_NAME)].into_iter().find_map(|name| {
            let file = read(&name).ok()?;
            Some((name.display().to_string(), file))
        }) {
            Some((name, file)) => (name.clone(), text_of(file, &name)?),
            None => (IGNORE_NAME.to_string(), String::new()),
        };
        Project::assemble(directory, Source::new(shown, text), ignore, Some(fetched))
    }

    fn assemble(
        directory: PathBuf,
        dockerfile: Source,
        (ignore_name, ignore_text): (String, String),
        fetched: Option<Fetched>,
    ) -> Result<Project, CommandError> {
        let ignore = Ignore::parse(&Source::new(ignore_name.clone(), ignore_text.clone()));
        let context = Context::open(&directory).map_err(CommandError::failure)?;
        let edited = BTreeMap::new();
        Ok(Project {
            dockerfile,
            context,
            ignore,
            ignore_name,
            ignore_text,
            edited,
            directory,
            _fetched: fetched,
        })
    }

    /// The `.dockerignore` of the context's root, empty where there is none; `None` where another file is
    /// the ignore file. Its name is its path in the context.
    pub fn own_ignore_file(&self) -> Option<Source> {
        let own = context_ignore_file(&self.directory).ok()?.0;
        (own == self.ignore_name).then(|| Source::new(IGNORE_NAME, self.ignore_text.clone()))
    }

    /// Look at a file of the context from now on as if it had this text.
    pub fn edit(&mut self, path: &str, text: &str) {
        if path == IGNORE_NAME {
            self.ignore_text = text.to_string();
            self.ignore = Ignore::parse(&Source::new(self.ignore_name.clone(), text));
        } else {
            self.edited.insert(path.to_string(), text.to_string());
        }
    }

    /// Whether this is the text of the file of the context that has its name.
    pub fn has(&self, source: &Source) -> bool {
        if source.name() == IGNORE_NAME {
            return self.own_ignore_file().is_some_and(|own| own == *source);
        }
        let relative = !source.name().starts_with('/');
        let entry = relative.then(|| self.context_entry(source.name())).flatten();
        matches!(entry, Some(ContextEntry::File { bytes, .. }) if bytes == source.text().as_bytes())
    }

    /// Leave a directory of ours out of the context: what one `ship` writes must not change what the
    /// next one builds.
    pub fn leave_out(&mut self, directory: &Path) {
        let absolute = |path: &Path| std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
        let (Ok(root), Ok(directory)) = (absolute(&self.directory), absolute(directory)) else { return };
        let Ok(inside) = directory.strip_prefix(&root) else { return };
        if inside.as_os_str().is_empty() {
            return;
        }
        self.ignore_also(&escaped(&inside.to_string_lossy()));
    }

    /// Leave out what a pattern matches; last, so that no earlier line brings it back.
    pub fn ignore_also(&mut self, pattern: &str) {
        self.ignore_text = format!("{}\n{pattern}\n", self.ignore_text);
        self.ignore = Ignore::parse(&Source::new(self.ignore_name.clone(), self.ignore_text.clone()));
    }

    /// Look up a file of the context, as the builder would see it.
    pub fn context_entry(&self, path: &str) -> Option<ContextEntry> {
        let relative = path.trim_start_matches('/');
        if !relative.is_empty() && self.ignore.excluded(relative).is_some() {
            return None;
        }
        let (real, entry) = self.context.resolve(relative.as_bytes()).ok()??;
        match entry.kind {
            SourceKind::Directory => Some(ContextEntry::Directory),
            SourceKind::File { .. } if self.edited.contains_key(relative) => {
                let bytes = self.edited[relative].clone().into_bytes();
                Some(ContextEntry::File { bytes, mode: entry.mode })
            }
            SourceKind::File { .. } => {
                let mut bytes = Vec::new();
                self.context.open(&real).ok()?.take(LOOK_LIMIT).read_to_end(&mut bytes).ok()?;
                Some(ContextEntry::File { bytes, mode: entry.mode })
            }
            _ => None,
        }
    }

    /// A name for the image when none was given: that of the directory.
    pub fn default_name(&self) -> String {
        let path = std::fs::canonicalize(&self.directory).unwrap_or_else(|_| self.directory.clone());
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().to_lowercase());
        let word = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let name: String = name.chars().map(word).collect();
        let name = name.trim_matches('-');
        let mut parts = name.split('-').filter(|part| !part.is_empty());
        let first = parts.next().unwrap_or("app").to_string();
        parts.fold(first, |name, part| format!("{name}-{part}"))
    }
}

fn places(path: &Path, file: Option<&Path>) -> Result<(PathBuf, PathBuf), CommandError> {
    if let Some(address) = path.to_str().filter(|text| is_address(text)) {
        return Err(CommandError::usage(format!(
            "{address} is an address: only 'build' fetches contexts, and only git repositories; download it and name \
             the directory"
        )));
    }
    if let Some(file) = file {
        if !path.is_dir() {
            return Err(not_there(path, "a directory with the files to copy was expected"));
        }
        return Ok((path.to_path_buf(), file.to_path_buf()));
    }
    if path.is_dir() {
        let candidates = ["Dockerfile", "Containerfile", "dockerfile"].map(|name| path.join(name));
        return match candidates.into_iter().find(|candidate| candidate.is_file()) {
            Some(found) => Ok((path.to_path_buf(), found)),
            None => Err(CommandError::new(
                ErrorKind::Usage,
                format!("there is no Dockerfile in {}", path.display()),
            )
            .hint("name another file with -f")),
        };
    }
    if path.is_file() {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        return Ok((parent.unwrap_or(Path::new(".")).to_path_buf(), path.to_path_buf()));
    }
    Err(not_there(path, "a directory or a Dockerfile was expected"))
}

pub(super) fn not_there(path: &Path, expected: &str) -> CommandError {
    let what = if path.exists() { "is neither" } else { "does not exist" };
    CommandError::usage(format!("{} {what}: {expected}", path.display()))
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    let shown = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| {
        CommandError::usage(format!("cannot read {shown}: {}", plimsoll_image::error::reason(&error)))
    })?;
    text_of(file, &shown)
}

/// The text of a Dockerfile or ignore file; `shown` is what messages call it.
pub(super) fn text_of(from: impl std::io::Read, shown: &str) -> Result<String, CommandError> {
    let failed = |why: String| CommandError::usage(format!("cannot read {shown}: {why}"));
    let mut bytes = Vec::new();
    let read = from.take(DOCKERFILE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
    if bytes.len() as u64 > DOCKERFILE_LIMIT {
        return Err(failed(format!("it is larger than {DOCKERFILE_LIMIT} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        CommandError::new(ErrorKind::Parse, format!("{shown}:{line}: this is not UTF-8 text"))
    })
}

/// Name and text of the ignore file: `NAME.dockerignore` beside the Dockerfile beats `.dockerignore` of
/// the context.
fn ignore_file(directory: &Path, dockerfile: &Path) -> Result<(String, String), CommandError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    match PathBuf::from(own) {
        own if own.is_file() => named_text(&own),
        _ => context_ignore_file(directory),
    }
}

const IGNORE_NAME: &str = ".dockerignore";

/// Name and text of the ignore file of a directory.
pub(super) fn context_ignore_file(directory: &Path) -> Result<(String, String), CommandError> {
    match directory.join(IGNORE_NAME) {
        path if path.is_file() => named_text(&path),
        _ => Ok((IGNORE_NAME.to_string(), String::new())),
    }
}

fn named_text(path: &Path) -> Result<(String, String), CommandError> {
    let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
    Ok((name, read_text(path)?))
}

/// A path as a pattern that means nothing but this path.
fn escaped(path: &str) -> String {
    path.chars().fold(String::new(), |mut text, c| {
        if "*?[]\\!#".contains(c) {
            text.push('\\');
        }
        text.push(c);
        text
    })
}
