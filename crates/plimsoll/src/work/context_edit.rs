//! A file of a build context replaced as a whole, never outside of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use plimsoll_image::{Context, SourceTree as _};
use plimsoll_sys::root_dir::{Metadata, RootDir, metadata_of};
use rustix::fs::OFlags;

use crate::command_error::CommandError;

/// Put another text in the place of the one that was read, or make a file where none was: mode and owner stay,
/// and a link stays one to the new file. Nothing is written if the file is no longer what was read.
pub fn rewrite(directory: &Path, path: &str, read: &str, text: &str) -> Result<(), CommandError> {
    let shown = shown(directory, path);
    let failed = |error: io::Error| CommandError::file("write", &shown, &error);
    let context = Context::open(directory).map_err(CommandError::failure)?;
    let root = RootDir::open(directory).map_err(failed)?;
    let real = context.resolve(path.as_bytes()).map_err(CommandError::failure)?;
    let (real, now, kept) = match real {
        Some((real, _)) => {
            let (now, metadata) = current(&root, &real).map_err(failed)?;
            (real, now, Some(metadata))
        }
        None => (path.as_bytes().to_vec(), String::new(), None),
    };
    if now != read {
        let message =
            format!("{} was changed meanwhile by somebody else: it is left as it is", shown.display());
        return Err(CommandError::failure(message));
    }
    put(&root, &real, text, kept.as_ref()).map_err(failed)
}

/// The path of a file of the context as messages show it.
pub fn shown(directory: &Path, path: &str) -> PathBuf {
    let whole = directory.join(path);
    whole.strip_prefix("./").map(Path::to_path_buf).unwrap_or(whole)
}

/// What a file holds and is. Who may not write it shall not replace it either.
fn current(root: &RootDir, path: &[u8]) -> io::Result<(String, Metadata)> {
    let mut file = root.open_file_no_follow(path)?;
    root.open_with(path, OFlags::WRONLY | OFlags::NOFOLLOW, 0)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok((text, metadata_of(&file)?))
}

/// Write beside the place and rename, all below the root's descriptor.
fn put(root: &RootDir, path: &[u8], text: &str, kept: Option<&Metadata>) -> io::Result<()> {
    let at = Path::new(OsStr::from_bytes(path));
    let name = at.file_name().unwrap_or(at.as_os_str()).to_string_lossy();
    let draft = at.with_file_name(format!(".{name}.{}", std::process::id()));
    let draft = draft.as_os_str().as_bytes();
    let written = root.create_file(draft, 0o644).and_then(|file| write(file, text, kept));
    written.and_then(|()| root.rename(draft, path)).inspect_err(|_| {
        // What could not be finished is not left behind; why it could not is what counts.
        let _ = root.unlink(draft);
    })
}

fn write(mut file: File, text: &str, kept: Option<&Metadata>) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    let mode = kept.map_or(0o644, |kept| kept.mode);
    if let Some(kept) = kept {
        // The owner first: a change of it takes set-id bits away. Only root can give files to others.
        let _ = fchown(&file, Some(kept.uid), Some(kept.gid));
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt as _, symlink};

    #[test]
    fn modes_and_links_stay_and_nothing_is_left_beside() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir(root.join("bin")).unwrap();
        fs::write(root.join("bin/run.sh"), "old").unwrap();
        fs::set_permissions(root.join("bin/run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
        symlink("/bin/run.sh", root.join("link")).unwrap();
        rewrite(root, "link", "old", "new").unwrap();
        assert_eq!(fs::read_to_string(root.join("bin/run.sh")).unwrap(), "new");
        assert_eq!(fs::metadata(root.join("bin/run.sh")).unwrap().mode() & 0o7777, 0o4755);
        assert!(fs::symlink_metadata(root.join("link")).unwrap().is_symlink());
        let error = rewrite(root, "bin/run.sh", "old", "newer").unwrap_err();
        assert!(error.message.contains("changed meanwhile"), "{error}");
        rewrite(root, ".dockerignore", "", ".git\n").unwrap();
        assert_eq!(fs::read_to_string(root.join(".dockerignore")).unwrap(), ".git\n");
        assert_eq!(fs::read_dir(root.join("bin")).unwrap().count(), 1);
    }

    #[test]
    fn no_link_leads_out_of_the_context() {
        let directory = tempfile::tempdir().unwrap();
        let (context, outside) = (directory.path().join("context"), directory.path().join("outside"));
        fs::create_dir(&context).unwrap();
        fs::write(&outside, "theirs").unwrap();
        symlink("../outside", context.join("run.sh")).unwrap();
        // A link counts from the context's root: there it leads to nothing.
        assert!(rewrite(&context, "run.sh", "theirs", "ours").is_err());
        assert!(rewrite(&context, "../outside", "theirs", "ours").is_err());
        assert_eq!(fs::read_to_string(&outside).unwrap(), "theirs");
    }
}
