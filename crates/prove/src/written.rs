//! Paths a container wrote: what lies in overlay's upper directory afterwards.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use plimsoll_contract::evidence::{Written, WrittenPath};
use plimsoll_model::{EntryKind, FileTree};

/// More entries than this are not listed; a program that writes so many has its directory listed
/// long before.
const LIMIT: usize = 10_000;

/// What lies in `upper`, but for what was made only to mount something there, and for directories
/// of the image: overlay copies them when something in them changes.
pub fn read(upper: &Path, mounted: &[String], image: &dyn FileTree) -> Vec<WrittenPath> {
    let mut found = Vec::new();
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
            let known = || image.lookup(&path).is_some_and(|entry| entry.kind == EntryKind::Directory);
            if found.len() < LIMIT && !(metadata.is_dir() && known()) {
                found.push(describe(path, &metadata));
            }
        }
    }
    found.sort();
    without_mere_parents(found)
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
/// hide a system directory.
pub fn directories(written: &[WrittenPath]) -> Vec<String> {
    let mut wanted: Vec<String> = written
        .iter()
        .map(|entry| match entry.what {
            Written::Directory => entry.path.clone(),
            _ => entry.path.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_string()),
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

/// Directories made to be written to are mounted as a whole.
fn collapse(directory: &str) -> String {
    const WHOLE: [&str; 5] = ["/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm"];
    let whole =
        WHOLE.iter().find(|whole| directory == **whole || directory.starts_with(&format!("{whole}/")));
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
        assert_eq!(directories(&written), ["/run", "/tmp", "/var/cache/app", "/var/cache/app2"]);
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
        assert_eq!(found, [WrittenPath { path: "/var/lib/x/data".into(), bytes: 5, what: Written::File }]);
    }
}
