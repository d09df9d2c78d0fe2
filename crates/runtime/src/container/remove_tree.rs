//! Deleting what a container wrote. The tree is hostile: any depth, any mode, any name.

use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::ContainerError;

/// Delete a directory of the trash with all it holds; no error if it is gone already.
///
/// Directories found inside are first moved up beside their finder, so that neither the stack nor
/// the number of open files grows with the depth of the tree. Nothing is followed: every step names
/// one entry of an open directory.
pub(crate) fn remove_tree(path: &Path) -> Result<(), ContainerError> {
    let failed = ContainerError::at::<Errno>("delete", path);
    match remove(path) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

fn remove(path: &Path) -> Result<(), Errno> {
    make_enterable(path)?;
    let root = open_directory(CWD, path)?;
    let mut moved = Moved { root: &root, next: 0, waiting: Vec::new() };
    empty(&root, &mut moved)?;
    while let Some(name) = moved.waiting.pop() {
        let directory = open_directory(&root, name.as_c_str())?;
        empty(&directory, &mut moved)?;
        drop(directory);
        unlinkat(&root, name.as_c_str(), AtFlags::REMOVEDIR)?;
    }
    unlinkat(CWD, path, AtFlags::REMOVEDIR)
}

/// Directories that were moved up to the root of the tree and are to be emptied there.
struct Moved<'root> {
    root: &'root OwnedFd,
    next: u64,
    waiting: Vec<CString>,
}

impl Moved<'_> {
    fn take(&mut self, parent: &OwnedFd, name: &CStr) -> Result<(), Errno> {
        // A directory that changes its parent must be writable itself, and later be opened.
        let mode = Mode::RWXU;
        match rustix::fs::chmodat(parent, name, mode, AtFlags::empty()) {
            Ok(()) | Err(Errno::PERM) => {}
            Err(other) => return Err(other),
        }
        loop {
            // A name of the hostile tree itself may be in the way of ours.
            let new = CString::new(format!(".removing-{}", self.next)).map_err(|_| Errno::INVAL)?;
            self.next += 1;
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(parent, name, self.root, new.as_c_str(), flags) {
                Ok(()) => {
                    self.waiting.push(new);
                    return Ok(());
                }
                Err(Errno::EXIST) => continue,
                // A file system without RENAME_NOREPLACE.
                Err(Errno::INVAL) => {
                    renameat(parent, name, self.root, new.as_c_str())?;
                    self.waiting.push(new);
                    return Ok(());
                }
                Err(other) => return Err(other),
            }
        }
    }
}

/// Remove all entries of a directory; sub-directories that are not empty are moved up.
fn empty(directory: &OwnedFd, moved: &mut Moved<'_>) -> Result<(), Errno> {
    // The whole list first: what is moved to the root while it is emptied is not to be met there.
    for entry in Dir::read_from(directory)?.collect::<Result<Vec<_>, _>>()? {
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let is_directory = match entry.file_type() {
            FileType::Directory => true,
            FileType::Unknown => {
                let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode) == FileType::Directory
            }
            _ => false,
        };
        if !is_directory {
            unlinkat(directory, name, AtFlags::empty())?;
            continue;
        }
        match unlinkat(directory, name, AtFlags::REMOVEDIR) {
            Ok(()) => {}
            Err(Errno::NOTEMPTY | Errno::EXIST) => moved.take(directory, name)?,
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// A container may take away its own directories' permissions; their owner gives them back.
fn make_enterable(path: &Path) -> Result<(), Errno> {
    match rustix::fs::chmod(path, Mode::RWXU) {
        Err(Errno::PERM) => Ok(()),
        other => other,
    }
}

fn open_directory<Fd: std::os::fd::AsFd, P: rustix::path::Arg>(
    parent: Fd,
    name: P,
) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(parent, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn deep_closed_and_misleading_trees_go_and_nothing_else() {
        let temporary = tempfile::tempdir().unwrap();
        let outside = temporary.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "x").unwrap();
        let tree = temporary.path().join("tree");
        fs::create_dir_all(tree.join(".removing-0/inner")).unwrap();
        fs::create_dir_all(tree.join("closed/below")).unwrap();
        fs::write(tree.join("closed/below/file"), "x").unwrap();
        fs::set_permissions(tree.join("closed/below"), fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
        symlink(&outside, tree.join("link")).unwrap();
        make_deep(&tree, 5000);

        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert!(outside.join("kept").exists());
        remove_tree(&tree).unwrap();
    }

    /// Deeper than any path can say: made step by step through descriptors.
    fn make_deep(tree: &Path, depth: usize) {
        let mut at = open_directory(CWD, tree).unwrap();
        for _ in 0..depth {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = open_directory(&at, "d").unwrap();
        }
    }
}
