//! The attacks of libpathrs's test suite, and what every operation does to them.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::RenameFlags;
use tempfile::TempDir;

use super::*;

/// `outside/secret` beside `root`, and a root full of links that try to get there.
fn scene() -> (TempDir, RootDir) {
    let scene = tempfile::tempdir().unwrap();
    let path = scene.path();
    fs::create_dir_all(path.join("outside")).unwrap();
    fs::write(path.join("outside/secret"), "secret").unwrap();
    let root = path.join("root");
    fs::create_dir_all(root.join("a/b")).unwrap();
    fs::write(root.join("a/b/file"), "inside").unwrap();
    symlink(path.join("outside"), root.join("abs")).unwrap();
    symlink("../outside", root.join("up")).unwrap();
    symlink("../../../../../../../../etc", root.join("far-up")).unwrap();
    symlink("/a/b", root.join("inner")).unwrap();
    symlink("a/../a/b/../b", root.join("winding")).unwrap();
    symlink("up/secret", root.join("chain")).unwrap();
    symlink("loop2", root.join("loop1")).unwrap();
    symlink("loop1", root.join("loop2")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    symlink("/proc/self/fd/0", root.join("magic-fd")).unwrap();
    symlink("nothing-here", root.join("dangling")).unwrap();
    symlink("a/b/file", root.join("to-file")).unwrap();
    let root = RootDir::open(&root).unwrap();
    (scene, root)
}

#[test]
fn no_path_leads_out() {
    let (_scene, root) = scene();
    let attacks = [
        "../outside/secret",
        "/../outside/secret",
        "a/../../outside/secret",
        "abs/secret",
        "up/secret",
        "chain",
        "far-up/passwd",
        "a/b/../../../outside/secret",
        "magic/etc/passwd",
        "magic-fd",
        "loop1",
        "loop1/x",
        "to-file/x",
        "dangling",
        "a/b/file/..",
        "a/b/file/../file",
    ];
    for attack in attacks {
        assert!(root.open_file(attack).is_err(), "{attack} was opened");
        assert!(root.subdir(attack).is_err(), "{attack} was entered");
    }
    for (path, same) in [
        ("inner/file", "a/b/file"),
        ("winding/file", "a/b/file"),
        ("/a//b/./file", "a/b/file"),
        ("to-file", "a/b/file"),
        ("../a/b/file", "a/b/file"),
    ] {
        assert_eq!(root.read_file(path, 100).unwrap(), root.read_file(same, 100).unwrap(), "{path}");
    }
}

#[test]
fn what_is_made_is_made_inside() {
    let (scene, root) = scene();
    let outside = scene.path().join("outside");
    assert!(root.create_file("abs/new", 0o600).is_err());
    assert!(root.create_file("dangling", 0o600).is_err(), "a link is not followed by creation");
    assert!(root.mkdir_all("abs/x", 0o700).is_err());
    assert!(root.mkdir("up/x", 0o700).is_err());
    assert!(root.symlink("x", "up/x").is_err());
    assert!(root.hard_link("abs/secret", "h").is_err());
    assert!(root.rename("a/b/file", "up/file").is_err());
    assert!(root.rename("up/secret", "stolen").is_err());
    assert!(root.unlink("up/secret").is_err());
    root.remove_all("abs/secret").unwrap();
    assert!(root.set_mode("up/secret", 0o777).is_err() && root.set_mode("chain", 0o777).is_err());
    assert!(root.set_mtime("abs/secret", 0).is_err());
    let names: Vec<_> = fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["secret"]);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
    root.mkdir_all("inner/c/d", 0o750).unwrap();
    root.mkdir_all("../../x/./y/../z/", 0o750).unwrap();
    assert!(scene.path().join("root/a/b/c/d").is_dir() && scene.path().join("root/x/z").is_dir());
    root.remove_all("up").unwrap();
    root.remove_all("abs").unwrap();
    root.remove_all("never/there").unwrap();
    assert!(outside.join("secret").exists() && !root.exists("abs").unwrap());
}

#[test]
fn a_link_swapped_in_while_we_walk_changes_nothing() {
    let (scene, root) = scene();
    let (dir, link) = (scene.path().join("root/swap"), scene.path().join("root/swap-link"));
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("secret"), "inside").unwrap();
    symlink("../outside", &link).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let exchange = RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(rustix::fs::CWD, &dir, rustix::fs::CWD, &link, exchange).unwrap();
            }
        });
        for round in 0..3000 {
            if let Ok(bytes) = root.read_file("swap/secret", 100) {
                assert_eq!(bytes, b"inside");
            }
            if root.create_file(format!("swap/new{round}"), 0o600).is_ok() {
                assert!(!scene.path().join(format!("outside/new{round}")).exists());
            }
            root.remove_all(format!("swap/new{round}")).unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(fs::read_dir(scene.path().join("outside")).unwrap().count(), 1);
}

#[test]
fn special_files_neither_block_nor_answer() {
    let (_scene, root) = scene();
    root.mknod("fifo", NodeKind::Fifo, 0o600, (0, 0)).unwrap();
    for path in ["fifo", "a"] {
        assert!(root.open_file(path).is_err());
    }
    assert_eq!(root.metadata("fifo").unwrap().kind, NodeKind::Fifo);
    assert_eq!(root.read_file("a/b/file", 5).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    assert!(root.open_file_no_follow("to-file").is_err());
    assert!(root.xattrs("to-file").is_err());
}

#[test]
fn names_are_bytes() {
    let (_scene, root) = scene();
    root.mkdir(b"d\xff", 0o700).unwrap();
    root.create_file(b"d\xff/f\xfe", 0o640).unwrap();
    root.symlink(b"\xfd\xfc", b"d\xff/l").unwrap();
    assert_eq!(root.list(b"d\xff").unwrap(), [b"f\xfe".to_vec(), b"l".to_vec()]);
    assert_eq!(root.read_link(b"d\xff/l").unwrap(), b"\xfd\xfc");
    root.remove_all(b"d\xff").unwrap();
    assert!(!root.exists(b"d\xff").unwrap());
}

#[test]
fn attributes_are_those_of_the_thing_itself() {
    let (scene, root) = scene();
    root.set_mode("a/b/file", 0o4711).unwrap();
    root.set_mtime("a/b/file", 77).unwrap();
    root.set_mtime("to-file", 5).unwrap();
    root.set_mode("", 0o711).unwrap();
    let metadata = root.metadata("a/b/file").unwrap();
    assert_eq!(
        (metadata.mode, metadata.mtime.0, metadata.kind, metadata.size),
        (0o4711, 77, NodeKind::File, 6)
    );
    assert_eq!(root.metadata("to-file").unwrap().mtime.0, 5);
    assert_eq!(root.metadata_followed("to-file").unwrap().ino, metadata.ino);
    assert_eq!(fs::metadata(scene.path().join("root")).unwrap().permissions().mode() & 0o7777, 0o711);
    if root.set_xattr("a/b/file", "user.b", b"2").is_ok() {
        root.set_xattr("a/b/file", "user.a", b"").unwrap();
        let expected = [(b"user.a".to_vec(), b"".to_vec()), (b"user.b".to_vec(), b"2".to_vec())];
        let own = |all: Vec<(Vec<u8>, Vec<u8>)>| {
            all.into_iter().filter(|(name, _)| name.starts_with(b"user.")).collect::<Vec<_>>()
        };
        assert_eq!(own(root.xattrs("a/b/file").unwrap()), expected);
        root.remove_xattr("a/b/file", "user.a").unwrap();
        assert_eq!(own(root.xattrs("a/b/file").unwrap()), expected[1..]);
    }
    assert_eq!(fs::metadata(scene.path().join("root/a/b/file")).unwrap().mtime(), 77);
}

#[test]
fn a_tree_deeper_than_any_path_and_closed_to_us_is_removed() {
    let (scene, root) = scene();
    root.mkdir("deep", 0o700).unwrap();
    let mut here = root.subdir("deep").unwrap();
    for _ in 0..3000 {
        here.mkdir("directory", 0o700).unwrap();
        here.create_file("file", 0o600).unwrap();
        here = here.subdir("directory").unwrap();
    }
    root.mkdir_all("deep/closed/in", 0o700).unwrap();
    root.set_mode("deep/closed/in", 0).unwrap();
    root.set_mode("deep/closed", 0o500).unwrap();
    root.remove_all("deep").unwrap();
    root.clear("").unwrap();
    assert_eq!(fs::read_dir(scene.path().join("root")).unwrap().count(), 0);
}

#[test]
fn two_may_remove_the_same_tree_at_once() {
    let (scene, root) = scene();
    for _ in 0..20 {
        for number in 0..200 {
            fs::create_dir_all(scene.path().join(format!("root/tree/{}/{number}/deep", number % 7))).unwrap();
            fs::write(scene.path().join(format!("root/tree/{}/{number}/file", number % 7)), "x").unwrap();
        }
        std::thread::scope(|scope| {
            let removers: Vec<_> = (0..3).map(|_| scope.spawn(|| root.remove_all("tree"))).collect();
            removers.into_iter().for_each(|remover| remover.join().unwrap().unwrap());
        });
        assert!(!root.exists("tree").unwrap());
    }
}
