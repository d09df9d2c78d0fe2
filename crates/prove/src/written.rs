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
        collapse(directory) != **directory || is_scratch(directory) || is_empty(image, directory)
    };
    copied.iter().filter(is_leaf).filter(replaceable).map(|directory| collapse(directory)).collect()
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
    let parent = |path: &str| path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_string());
    let mut wanted: Vec<String> = written
        .iter()
        .map(|entry| match entry.what {
            // The place for several directories that a program makes (nginx: body, proxy, ...).
            Written::Directory if is_empty(image, &parent(&entry.path)) => parent(&entry.path),
            Written::Directory => entry.path.clone(),
            _ => parent(&entry.path),
        })
        .map(|directory| collapse(&directory))
        .filter(|directory| !directory.is_empty())
        .collect();
    wanted.sort();
    wanted.dedup();
    let all = wanted.clone();
    wanted.retain(|one| !all.iter().any(|other| one != other && one.starts_with(&format!("{other}/"))));
    wanted
}

/// Directories made to be written to.
const SCRATCH: [&str; 5] = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm"];

fn is_scratch(directory: &str) -> bool {
    SCRATCH.contains(&directory)
}

/// Directories made to be written to are mounted as a whole.
fn collapse(directory: &str) -> String {
    let whole =
        SCRATCH.iter().find(|whole| directory == **whole || directory.starts_with(&format!("{whole}/")));
    match whole {
        Some(&"/var/run") => "/run".to_string(),
        Some(whole) => (*whole).to_string(),
        None => directory.to_string(),
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
