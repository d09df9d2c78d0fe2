//! `build https://host/repo.git#ref:dir`: the context is a git repository (docker's rules,
//! docker/buildx `build/opt.go`; moby/buildkit `frontend/dockerui`).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use plimsoll_image::Store;
use plimsoll_image::git::{self, Git, GitAddress, GitTree};

use super::project::Project;
use crate::command_error::CommandError;
use crate::registry_access;

/// The address, if a context is given by one of a repository. What lies here comes before it.
pub fn address(context: &Path) -> Option<Result<GitAddress, CommandError>> {
    let text = context.to_str().filter(|_| !context.exists())?;
    let parsed = GitAddress::parse(text)?;
    Some(parsed.map_err(|why| CommandError::usage(format!("{text} cannot be a context: {why}"))))
}

/// Check the repository out below the store and open what was asked for.
pub fn open(store: &Store, address: &GitAddress, file: Option<&Path>) -> Result<Project, CommandError> {
    let keep = address.keep_git_dir.unwrap_or(false);
    let files = checkout(store, address, keep)?;
    let subdir = address.subdir.as_deref().unwrap_or_default();
    let found = files.subdirectory(subdir).map_err(CommandError::failure)?;
    let (path, _) = found
        .ok_or_else(|| CommandError::usage(format!("{} has no directory '{subdir}'", address.shown())))?;
    let directory = files.path().join(OsStr::from_bytes(&path));
    let mut project = Project::in_repository(files, directory, file, &address.shown())?;
    if !keep {
        // It stays on disk, since the commit dates the image; submodules have one too.
        project.ignore_also("**/.git");
    }
    Ok(project)
}

fn checkout(store: &Store, address: &GitAddress, keep: bool) -> Result<GitTree, CommandError> {
    let program = registry_access::reach()?.git;
    // An interrupt ends us and git, which is of our process group.
    let git = Git { program: &program, stop: &|| false };
    let resolved = git::resolve(&git, address).map_err(CommandError::failure)?;
    let files = git::checkout(&git, address, &resolved, keep, store).map_err(CommandError::failure)?;
    files.set_modes().map_err(CommandError::failure)?;
    Ok(files)
}
