//! Paths a container wrote: what lies in overlay's upper directory afterwards.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use plimsoll_contract::evidence::{Written, WrittenPath};
use plimsoll_model::{EntryKind, FileTree};

/// More entries than this are not listed; a program that writes so many has its directory listed
/// long before.
const LIMIT: usize = 10_000;

/// What a run left behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Paths written.
    pub written: Vec<WrittenPath>,
    /// Directories of the image that were written to although nothing new is in them: a temporary
    /// file was made and removed again. Only those that can be replaced by an empty one.
    pub touched: Vec<String>,
}

/// What lies in `upper`, but for what was made only to mount something there. Overlay copies a
/// directory of the image when something in it changes: by itself it is not written.
pub fn read(upper: &Path, mounted: &[String], image: &dyn FileTree) -> Left {
    let mut found = Vec::new();
    let mut copied = Vec::new();
    let mut waiting = vec![upper.to_path_buf()];
    while let Some(directory) = waiting.pop() {
        // What cannot be read is not listed: a mode that shuts us out is the program's own doing.
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let Ok(metadata) = entry.path().symlink_metadata() else { continue };
            let relative = entry.path().strip_prefix(upper).map(Path::to_path_buf).unwrap_or_default();
            let path = format!("/{}", relative.to_string_lossy());
            if mounted.iter().any(|target| *target == path || path.starts_with(&format!("{target}/"))) {
                continue;
            }
            if metadata.is_dir() {
                waiting.push(entry.path());
            }
            if found.len() + copied.len() >= LIMIT {
                continue;
            }
            let known = || image.lookup(&path).is_some_and(|entry| entry.kind == EntryKind::Directory);
            match metadata.is_dir() && known() {
                true => copied.push(path),
                false => found.push(describe(path, &metadata)),
            }
        }
    }
    found.sort();
    let touched = touched(&copied, &found, image);
    Left { written: without_mere_parents(found), touched }
}

fn touched(copied: &[String], found: &[WrittenPath], image: &dyn FileTree) -> Vec<String> {
    let below = |directory: &String, path: &String| path.starts_with(&format!("{directory}/"));
    let is_leaf = |directory: &&String| {
        !copied.iter().any(|other| below(directory, other))
            && !found.iter().any(|entry| below(directory, &entry.path))
    };
    let replaceable = |directory: &&String| {
        collapse(directory, image) != **directory || is_scratch(directory) || is_empty(image, directory)
    };
    copied.iter().filter(is_leaf).filter(replaceable).map(|directory| collapse(directory, image)).collect()
}

fn is_empty(image: &dyn FileTree, directory: &str) -> bool {
    image.lookup(directory).is_some_and(|entry| entry.kind == EntryKind::Directory)
        && image.children(directory).is_empty()
}

fn describe(path: String, metadata: &fs::Metadata) -> WrittenPath {
    let kind = metadata.file_type();
    let what = if kind.is_dir() {
        Written::Directory
    } else if kind.is_file() {
        Written::File
    } else if kind.is_char_device() && metadata.rdev() == 0 {
        // overlay's mark of a removed entry
        Written::Deleted
    } else {
        Written::Other
    };
    let bytes = if kind.is_file() { metadata.len() } else { 0 };
    WrittenPath { path, bytes, what }
}

/// Overlay copies the directories above a written entry; they say nothing of their own.
fn without_mere_parents(found: Vec<WrittenPath>) -> Vec<WrittenPath> {
    let is_parent = |one: &WrittenPath| {
        let prefix = format!("{}/", one.path);
        one.what == Written::Directory && found.iter().any(|other| other.path.starts_with(&prefix))
    };
    found.iter().filter(|one| !is_parent(one)).cloned().collect()
}

/// Directories to make writable so that all these paths can be written: few, and none that would
/// hide what the image has there.
pub fn directories(written: &[WrittenPath], image: &dyn FileTree) -> Vec<String> {
    let mut wanted: Vec<String> = written
        .iter()
        .map(|entry| match entry.what {
            // The place for several directories that a program makes (nginx: body, proxy, ...).
            Written::Directory if is_empty(image, parent(&entry.path)) => parent(&entry.path),
            Written::Directory => &entry.path,
            _ => parent(&entry.path),
        })
        .map(|directory| collapse(directory, image))
        .filter(|directory| !directory.is_empty())
        .collect();
    wanted.sort();
    wanted.dedup();
    let all = wanted.clone();
    wanted.retain(|one| !all.iter().any(|other| one != other && one.starts_with(&format!("{other}/"))));
    wanted
}

/// A directory to mount something writable at, so that entries of this one can be made. It hides nothing of
/// the image but what is made to be written to; `None`: there is none.
pub fn place_for(directory: &str, image: &dyn FileTree) -> Option<String> {
    let directory = canonical(directory, image);
    let directory = directory.as_str();
    let whole = collapse(directory, image);
    if directory.is_empty() || whole != directory || is_scratch(directory) {
        return (!directory.is_empty()).then_some(whole);
    }
    // What the image has of it, and the first name below that.
    let ends = directory.match_indices('/').map(|(at, _)| at).skip(1).chain([directory.len()]);
    let missing = ends.map(|end| &directory[..end]).find(|path| image.lookup(path).is_none());
    let Some(missing) = missing else {
        let replaceable = image.children(directory).len() == links_to_streams(directory, image).len();
        return replaceable.then(|| directory.to_string());
    };
    let parent = missing.rsplit_once('/').map_or("", |(parent, _)| parent);
    let place = if !parent.is_empty() && image.children(parent).is_empty() { parent } else { missing };
    Some(place.to_string())
}

/// The links of a directory of the image to the standard streams. With something mounted on the directory, what
/// is written by their names is no output of the container any more.
pub fn links_to_streams(directory: &str, image: &dyn FileTree) -> Vec<String> {
    let is_stream = |target: &str| {
        ["/dev/stdout", "/dev/stderr"].contains(&target) || target.starts_with("/proc/self/fd/")
    };
    let is_link = |name: &String| match image.lookup(&format!("{directory}/{name}")).map(|entry| entry.kind) {
        Some(EntryKind::Symlink(target)) => is_stream(&target),
        _ => false,
    };
    image.children(directory).into_iter().filter(is_link).collect()
}

/// Whether this user and group may make entries in a directory of the image, or make the directory.
pub fn may_write(directory: &str, (uid, gid): (u32, u32), image: &dyn FileTree) -> bool {
    let mut path = directory;
    loop {
        if let Some(entry) = image.lookup(if path.is_empty() { "/" } else { path }) {
            let shift = match () {
                () if uid == 0 => return true,
                () if entry.uid == uid => 6,
                () if entry.gid == gid => 3,
                () => 0,
            };
            return (entry.mode >> shift) & 0o3 == 0o3;
        }
        match path.rsplit_once('/') {
            Some((parent, _)) => path = parent,
            None => return false,
        }
    }
}

/// The directory of an absolute path; empty for one of the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Whether a path is this directory or below it.
pub fn is_at_or_below(path: &str, directory: &str) -> bool {
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Directories made to be written to.
const SCRATCH: [&str; 5] = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm"];

fn is_scratch(directory: &str) -> bool {
    SCRATCH.contains(&directory)
}

/// Whether a path lies in a directory whose contents nobody expects to last.
pub fn is_in_scratch(path: &str) -> bool {
    scratch_of(path).is_some()
}

/// The directory made to be written to that a path lies in.
fn scratch_of(path: &str) -> Option<&'static str> {
    SCRATCH.into_iter().find(|whole| is_at_or_below(path, whole))
}

/// Directories made to be written to are mounted as a whole, unless the image has something in them that
/// would be hidden (Debian: `/run/lock`, where `/var/lock` leads).
fn collapse(directory: &str, image: &dyn FileTree) -> String {
    let directory = match directory.strip_prefix("/var/run") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("/run{rest}"),
        _ => directory.to_string(),
    };
    match scratch_of(&directory) {
        Some(whole) if image.children(whole).is_empty() => whole.to_string(),
        _ => directory,
    }
}

/// A path without the image's links: what follows the last name that it has stays as it is.
fn canonical(path: &str, image: &dyn FileTree) -> String {
    let mut known = path;
    loop {
        if let Ok((real, _)) = image.resolve(if known.is_empty() { "/" } else { known }) {
            return format!("{}{}", real.trim_end_matches('/'), &path[known.len()..]);
        }
        match known.rsplit_once('/') {
            Some((parent, _)) => known = parent,
            None => return path.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::MemoryTree;

    fn at(path: &str, what: Written) -> WrittenPath {
        WrittenPath { path: path.to_string(), bytes: 1, what }
    }

    #[test]
    fn few_directories_cover_all() {
        let written = [
            at("/tmp/a/b", Written::File),
            at("/run/x.pid", Written::File),
            at("/var/cache/app", Written::Directory),
            at("/var/cache/app2/deep/f", Written::File),
            at("/var/cache/app2/g", Written::File),
            at("/top", Written::File),
        ];
        let image = MemoryTree::default();
        assert_eq!(directories(&written, &image), ["/run", "/tmp", "/var/cache/app", "/var/cache/app2"]);
    }

    #[test]
    fn a_place_hides_nothing_of_the_image() {
        let mut image = MemoryTree::default();
        for directory in ["/run", "/run/lock", "/tmp", "/var", "/var/lib", "/var/lib/app", "/etc"] {
            image.directory(directory);
        }
        image.file("/etc/passwd", "");
        image.symlink("/var/lock", "/run/lock");
        image.directory("/var/log/app");
        image.symlink("/var/log/app/error.log", "/dev/stderr");
        let place = |directory: &str| place_for(directory, &image);
        let some = |place: &str| Some(place.to_string());
        assert_eq!(place("/run"), some("/run"));
        assert_eq!(place("/run/apache2/sub"), some("/run/apache2"));
        assert_eq!((place("/run/lock"), place("/var/lock/x")), (some("/run/lock"), some("/run/lock")));
        assert_eq!((place("/tmp/a/b"), place("/var/lib/app/db")), (some("/tmp"), some("/var/lib/app")));
        assert_eq!((place("/new/deep"), place("/etc/app/x")), (some("/new"), some("/etc/app")));
        assert_eq!(place("/var/log/app"), some("/var/log/app"), "only links to the standard streams");
        assert_eq!((place("/etc"), place("")), (None, None));
        assert!(may_write("/tmp/x", (7, 7), &image) == may_write("/tmp", (7, 7), &image));
    }

    #[test]
    fn the_upper_directory_is_read() {
        let upper = tempfile::tempdir().unwrap();
        fs::create_dir_all(upper.path().join("var/lib/x")).unwrap();
        fs::write(upper.path().join("var/lib/x/data"), "12345").unwrap();
        fs::create_dir_all(upper.path().join("proc")).unwrap();
        fs::create_dir_all(upper.path().join("run")).unwrap();
        let mut image = MemoryTree::default();
        image.directory("/run");
        let found = read(upper.path(), &["/proc".to_string()], &image);
        let data = WrittenPath { path: "/var/lib/x/data".into(), bytes: 5, what: Written::File };
        assert_eq!(found, Left { written: vec![data], touched: vec!["/run".to_string()] });
    }

    #[test]
    fn a_directory_full_of_the_images_files_is_not_replaced() {
        let upper = tempfile::tempdir().unwrap();
        for directory in ["srv/app", "srv/cache"] {
            fs::create_dir_all(upper.path().join(directory)).unwrap();
        }
        let mut image = MemoryTree::default();
        for directory in ["/srv", "/srv/app", "/srv/cache"] {
            image.directory(directory);
        }
        image.file("/srv/app/main.py", "");
        assert_eq!(read(upper.path(), &[], &image).touched, ["/srv/cache"]);
    }

    #[test]
    fn directories_made_in_an_empty_one_share_a_mount() {
        let mut image = MemoryTree::default();
        for directory in ["/var", "/var/lib", "/var/lib/nginx"] {
            image.directory(directory);
        }
        image.file("/var/lib/status", "");
        let written = [
            at("/var/lib/nginx/body", Written::Directory),
            at("/var/lib/nginx/proxy", Written::Directory),
            at("/var/lib/new", Written::Directory),
        ];
        assert_eq!(directories(&written, &image), ["/var/lib/new", "/var/lib/nginx"]);
    }
}
