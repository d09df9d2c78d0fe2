//! Which Dockerfiles are meant by the paths of a command line.

use std::path::{Path, PathBuf};

use super::project::not_there;
use crate::command_error::CommandError;

/// Directories that hold other people's files.
const SKIPPED: [&str; 2] = [".git", "node_modules"];

/// Levels of directories that are entered.
const DEPTH: usize = 64;

/// Whether a file of this name is taken for a Dockerfile: Dockerfile, Dockerfile.dev, app.Dockerfile,
/// Containerfile, in any case.
pub fn is_dockerfile(name: &str) -> bool {
    let name = name.to_lowercase();
    let first = ["dockerfile", "containerfile"].iter().any(|word| {
        name == *word || name.strip_prefix(word).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1)
    });
    let ignore_file = name.ends_with(".dockerignore") || name.ends_with(".containerignore");
    (first || name.ends_with(".dockerfile")) && !ignore_file
}

/// The Dockerfiles at a path: the file itself, or all below a directory, in order of their names.
pub fn dockerfiles_at(path: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if path.is_file() {
        return Ok(vec![path.to_path_buf()]);
    }
    if !path.is_dir() {
        return Err(not_there(path, "a directory or a Dockerfile was expected"));
    }
    let mut found = Vec::new();
    search(path, DEPTH, &mut found).map_err(|error| CommandError::file("read", path, &error))?;
    if found.is_empty() {
        let message = format!("there is no Dockerfile in {} and below", path.display());
        return Err(CommandError::usage(message)
            .hint("files are called Dockerfile, Dockerfile.NAME, NAME.Dockerfile or Containerfile; name another one"));
    }
    Ok(found)
}

/// Files first, then directories; links to directories are not followed.
fn search(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut entries = std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    let mut directories = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&&*name) {
                directories.push(entry.path());
            }
        } else if is_dockerfile(&name) && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    for below in directories.iter().filter(|_| depth > 0) {
        // What may not be read holds no Dockerfile of ours.
        let _ = search(below, depth - 1, found);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_dockerfiles() {
        for name in
            ["Dockerfile", "dockerfile", "Dockerfile.dev", "app.Dockerfile", "x.dockerfile", "Containerfile"]
        {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in [
            "Dockerfile.dockerignore",
            "Dockerfile.",
            "MyDockerfile",
            "Dockerfiles",
            ".dockerignore",
            "dockerfile_x",
        ] {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
