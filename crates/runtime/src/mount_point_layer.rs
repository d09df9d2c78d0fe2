//! A layer below all others with what every start mounts something on, for images that do not have it.
//!
//! Else each start would make these files in what the container writes, and each removal delete them: on ext4 a
//! third of all files of a short container, and making one takes the longer the more were deleted in the last
//! minutes (fs/ext4/ialloc.c, `recently_deleted`).

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use plimsoll_model::LaunchSpec;

use crate::container::ContainerError;
use crate::container::name::random_id;
use crate::store_directory::Draft;

/// Its name in a store.
const NAME: &str = "mountpoints";
const DIRECTORIES: [&str; 4] = ["proc", "sys", "dev", "etc"];
/// What is not mounted over would be seen: the layer is only for containers that get all of them.
const FILES: [&str; 3] = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
/// More lower layers an overlay does not have (fs/overlayfs/params.h, `OVL_MAX_STACK`).
const MOST_LAYERS: usize = 500;

/// The layer, if there is one, and a container of this specification and so many layers can have it.
pub(crate) fn find(store: &Path, spec: &LaunchSpec, layers: usize) -> Option<PathBuf> {
    let is_mounted = |file: &&str| spec.mounts.iter().any(|mount| mount.target == *file);
    let fits = FILES.iter().all(is_mounted) && layers < MOST_LAYERS;
    Some(store.join(NAME)).filter(|path| fits && path.is_dir())
}

/// Make it, if there is none. The store must be held: what lies in its `tmp` is swept by others.
pub(crate) fn provide(store: &Path) -> Result<(), ContainerError> {
    let path = &store.join(NAME);
    if path.is_dir() {
        return Ok(());
    }
    let draft = Draft::new(store.join("tmp").join(random_id()?))?;
    for directory in DIRECTORIES {
        let path = draft.path().join(directory);
        let made = fs::create_dir(&path).and_then(|()| set_mode(&path, 0o755));
        made.map_err(ContainerError::at("make the directory", &path))?;
    }
    for file in FILES {
        let path = draft.path().join(file.trim_start_matches('/'));
        let made = File::create(&path).and_then(|_| set_mode(&path, 0o644));
        made.map_err(ContainerError::at("make", &path))?;
    }
    match draft.put_in_place(path) {
        // Another one was quicker.
        Err(_) if path.is_dir() => Ok(()),
        placed => placed,
    }
}

/// Whatever our caller's mask: in an image without such a directory it is this one that is seen.
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use plimsoll_model::launch::Mount;

    use super::*;

    #[test]
    fn it_is_for_those_who_mount_over_all_of_it() {
        let store = tempfile::tempdir().unwrap();
        fs::create_dir(store.path().join("tmp")).unwrap();
        let mut spec = LaunchSpec::of(vec!["true".into()]);
        spec.mounts.extend(FILES[1..].iter().map(|file| Mount::bind("/x", *file)));
        provide(store.path()).unwrap();
        assert_eq!(find(store.path(), &spec, 1), None);
        spec.mounts.push(Mount::bind("/x", FILES[0]));
        let layer = find(store.path(), &spec, 1).unwrap();
        assert_eq!(find(store.path(), &spec, MOST_LAYERS), None);
        provide(store.path()).unwrap();
        assert!(FILES.iter().all(|file| layer.join(&file[1..]).is_file()));
        assert_eq!(fs::read_dir(store.path().join("tmp")).unwrap().count(), 0);
    }
}
