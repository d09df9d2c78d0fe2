//! The build context: content decides, and nothing leads out of it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use plimsoll_image::tree::{Filter, SourceKind, SourceTree};
use plimsoll_image::{Context, Error};
use plimsoll_model::Digest;

fn context(directory: &Path) -> Context {
    fs::create_dir_all(directory.join("src/empty")).unwrap();
    fs::write(directory.join("src/a.c"), "one").unwrap();
    fs::write(directory.join("README"), "text").unwrap();
    Context::open(directory).unwrap()
}

fn digest(directory: &Path) -> Digest {
    Context::open(directory).unwrap().selection_digest(&[b"src".to_vec()], Filter::ALL).unwrap()
}

#[test]
fn bytes_modes_names_and_targets_count_and_times_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let kept = context(path);
    let selection = |context: &Context| context.selection_digest(&[b"src".to_vec()], Filter::ALL).unwrap();
    let first = selection(&kept);
    let file = fs::File::options().write(true).open(path.join("src/a.c")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    file.set_modified(time).unwrap();
    assert_eq!((digest(path), selection(&kept)), (first, first));
    // Same size, same mtime, other bytes: seen, also by a context that knows the old digest.
    fs::write(path.join("src/a.c"), "two").unwrap();
    file.set_modified(time).unwrap();
    let second = digest(path);
    assert_ne!(second, first);
    assert_eq!(selection(&kept), second);
    fs::set_permissions(path.join("src/a.c"), fs::Permissions::from_mode(0o755)).unwrap();
    let third = digest(path);
    assert_ne!(third, second);
    symlink("a.c", path.join("src/l")).unwrap();
    let fourth = digest(path);
    assert_ne!(fourth, third);
    fs::remove_file(path.join("src/l")).unwrap();
    symlink("b.c", path.join("src/l")).unwrap();
    assert_ne!(digest(path), fourth);
    let before = digest(path);
    fs::write(path.join("README"), "not selected").unwrap();
    assert_eq!(digest(path), before);
}

#[test]
fn links_stay_inside_and_special_files_are_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let outside = directory.path().join("secret");
    fs::write(&outside, "secret").unwrap();
    let path = directory.path().join("context");
    let context = context(&path);
    symlink(&outside, path.join("abs")).unwrap();
    symlink("../secret", path.join("up")).unwrap();
    symlink("/README", path.join("inner")).unwrap();
    symlink("src", path.join("dir")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, path.join("fifo"), rustix::fs::FileType::Fifo, 0o644.into(), 0)
        .unwrap();
    assert_eq!(context.resolve(b"abs").unwrap(), None);
    assert_eq!(context.resolve(b"up").unwrap(), None);
    assert_eq!(context.resolve(b"inner").unwrap().unwrap().0, b"README");
    assert_eq!(context.resolve(b"dir/a.c").unwrap().unwrap().0, b"src/a.c");
    assert!(context.open(b"abs").is_err());
    assert_eq!(context.entry(b"fifo").unwrap().unwrap().kind, SourceKind::Fifo);
    let error = context.open(b"fifo").err().unwrap();
    assert!(error.to_string().contains("not a regular file"), "{error}");
}

#[test]
fn a_walk_enters_excluded_directories_only_where_something_may_count() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let context = context(path);
    fs::create_dir_all(path.join("node_modules/kept")).unwrap();
    fs::write(path.join("node_modules/kept/x"), "").unwrap();
    fs::write(path.join("node_modules/y"), "").unwrap();
    let excluded = |path: &[u8], _: bool| path.starts_with(b"node_modules") && path != b"node_modules/kept/x";
    let walk = |enter: bool| {
        let found = context.walk(b"", Filter { excluded: &excluded, enter: &|_| enter }).unwrap();
        found.into_iter().map(|(path, _)| String::from_utf8(path).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(walk(false), ["", "README", "src", "src/a.c", "src/empty"]);
    assert_eq!(walk(true), ["", "README", "node_modules/kept/x", "src", "src/a.c", "src/empty"]);
}

#[test]
fn no_directory_is_one_sentence() {
    let error = Context::open(Path::new("/nonexistent/context")).unwrap_err();
    assert!(matches!(error, Error::File { .. }));
    assert_eq!(error.to_string(), "cannot open /nonexistent/context: it does not exist");
}

/// What a walk finds is what asking for each path finds.
#[test]
fn a_walk_meets_what_stands_there_however_deep() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let mut deep = path.to_path_buf();
    for level in 0..200 {
        deep.push("d");
        fs::create_dir(&deep).unwrap();
        if level % 3 == 0 {
            fs::write(deep.join("a"), "a").unwrap();
            fs::write(deep.join("z"), "z").unwrap();
        }
    }
    symlink("/etc", path.join("d/link")).unwrap();
    let context = Context::open(path).unwrap();
    let found = context.walk(b"", Filter::ALL).unwrap();
    assert_eq!(found.len(), 1 + 200 + 2 * 67 + 1);
    assert!(found.is_sorted_by(|a, b| plimsoll_image::path::walk_order(&a.0, &b.0).is_lt()));
    for (path, entry) in &found {
        assert_eq!(context.entry(path).unwrap().as_ref(), Some(entry));
    }
    assert_eq!(context.walk(b"d/d", Filter::ALL).unwrap().len(), found.len() - 5);
    assert_eq!(context.walk(b"nothing/here", Filter::ALL).unwrap(), []);
    let link = context.walk(b"d/link", Filter::ALL).unwrap();
    assert_eq!(link.len(), 1, "a link is met, not followed: {link:?}");
}

/// A directory that becomes a link while the walk is at its door.
#[test]
fn a_link_put_in_the_way_of_a_walk_leads_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let outside = directory.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "secret").unwrap();
    let path = directory.path().join("context");
    fs::create_dir_all(path.join("a/b")).unwrap();
    fs::write(path.join("a/b/file"), "file").unwrap();
    let context = Context::open(&path).unwrap();
    let mut met = Vec::new();
    let result = context.visit(b"a", Filter::ALL, &mut |visited| {
        met.push(visited.path.to_vec());
        if visited.path == b"a/b" {
            fs::rename(path.join("a/b"), path.join("a/moved")).unwrap();
            symlink(&outside, path.join("a/b")).unwrap();
        }
        Ok(())
    });
    assert_eq!(met, [b"a".to_vec(), b"a/b".to_vec()]);
    assert!(result.unwrap_err().to_string().starts_with("/a/b of the build context"));
}
