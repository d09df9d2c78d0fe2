//! A file that is there as a whole or not at all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::command_error::CommandError;

/// Write a file beside its place and rename it: an interrupt leaves no half file under the name. A
/// pipe or a device that stands there is written to.
pub fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", path, &error);
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut out = BufWriter::new(File::options().write(true).open(path).map_err(failed)?);
        write(&mut out)?;
        return out.flush().map_err(failed);
    }
    let mut out = BufWriter::new(draft(path).map_err(failed)?);
    write(&mut out)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The same for a file that must not be there yet.
pub fn create(path: &Path, bytes: &[u8]) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", path, &error);
    let mut file = draft(path).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Put another text in the place of the one that was read: mode and owner stay, and a link stays a link to
/// the new file. Nothing is written if the file is no longer what was read.
pub fn rewrite(path: &Path, read: &str, text: &str) -> Result<(), CommandError> {
    let failed = |error| CommandError::file("write", path, &error);
    let real = std::fs::canonicalize(path).map_err(failed)?;
    // Who may not write the file shall not replace it either.
    let old = File::options().read(true).write(true).open(&real).map_err(failed)?;
    let metadata = old.metadata().map_err(failed)?;
    let now = std::io::read_to_string(old).map_err(failed)?;
    if now != read {
        return Err(CommandError::failure(format!(
            "{} was changed meanwhile by somebody else: it is left as it is",
            path.display()
        )));
    }
    let mut file = draft(&real).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    // The owner first: a change of it takes set-id bits away. Only root can give files to others.
    let _ = std::os::unix::fs::fchown(file.as_file(), Some(metadata.uid()), Some(metadata.gid()));
    file.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&real).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A file beside a place, of the mode it will have there.
fn draft(path: &Path) -> std::io::Result<NamedTempFile> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let file = NamedTempFile::new_in(directory.unwrap_or(".".as_ref()))?;
    file.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_changed_meanwhile_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("Dockerfile");
        std::fs::write(&path, "FROM theirs\n").unwrap();
        let error = rewrite(&path, "FROM read\n", "FROM ours\n").unwrap_err();
        assert!(error.message.contains("changed meanwhile"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "FROM theirs\n");
        rewrite(&path, "FROM theirs\n", "FROM ours\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "FROM ours\n");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
