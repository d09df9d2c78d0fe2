//! A Dockerfile with its build context, as it lies on disk.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use plimsoll_contract::origin::ContextEntry;
use plimsoll_dockerfile::ignore::Ignore;
use plimsoll_image::{Context, SourceTree as _, tree::SourceKind};
use plimsoll_model::Source;

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
    /// The context's directory as given.
    pub directory: PathBuf,
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
        let (ignore_name, ignore_text) = ignore_file(&directory, &dockerfile)?;
        let ignore = Ignore::parse(&Source::new(ignore_name.clone(), ignore_text.clone()));
        let context = Context::open(&directory).map_err(CommandError::failure)?;
        let name = dockerfile.strip_prefix("./").unwrap_or(&dockerfile).display().to_string();
        Ok(Project {
            dockerfile: Source::new(name, text),
            context,
            ignore,
            ignore_name,
            ignore_text,
            directory,
        })
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
        // Last, so that no earlier line brings it back.
        let text = format!("{}\n{}\n", self.ignore_text, escaped(&inside.to_string_lossy()));
        self.ignore = Ignore::parse(&Source::new(self.ignore_name.clone(), text));
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

fn not_there(path: &Path, expected: &str) -> CommandError {
    let what = if path.exists() { "is neither" } else { "does not exist" };
    CommandError::usage(format!("{} {what}: {expected}", path.display()))
}

fn read_text(path: &Path) -> Result<String, CommandError> {
    let failed = |why: String| CommandError::usage(format!("cannot read {}: {why}", path.display()));
    let file = std::fs::File::open(path).map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
    let mut bytes = Vec::new();
    let read = file.take(DOCKERFILE_LIMIT + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(plimsoll_image::error::reason(&error)))?;
    if bytes.len() as u64 > DOCKERFILE_LIMIT {
        return Err(failed(format!("it is larger than {DOCKERFILE_LIMIT} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|byte| *byte == b'\n').count();
        CommandError::new(ErrorKind::Parse, format!("{}:{line}: this is not UTF-8 text", path.display()))
    })
}

/// Name and text of the ignore file: `NAME.dockerignore` beside the Dockerfile beats `.dockerignore` of
/// the context.
fn ignore_file(directory: &Path, dockerfile: &Path) -> Result<(String, String), CommandError> {
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    let candidates = [PathBuf::from(own), directory.join(".dockerignore")];
    match candidates.iter().find(|path| path.is_file()) {
        Some(path) => {
            let name = path.strip_prefix("./").unwrap_or(path).display().to_string();
            Ok((name, read_text(path)?))
        }
        None => Ok((".dockerignore".to_string(), String::new())),
    }
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
