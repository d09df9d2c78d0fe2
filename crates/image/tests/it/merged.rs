//! Layers merged: whiteouts, opaque directories and replacements, against the kernel.

use std::collections::BTreeSet;

use plimsoll_image::layer::{EntryKind, LayeredTree};
use plimsoll_image::tree::{SourceKind, SourceTree};
use plimsoll_model::{FileTree, TreeError};
use plimsoll_testkit::store;

use crate::overlay::with_overlay;
use crate::tape::{Entry, Tape, entry, listing, merged};

fn layers() -> [Vec<u8>; 3] {
    let low = Tape::default()
        .dir("a/")
        .file("a/1", "low")
        .file("a/2", "low2")
        .dir("a/sub/")
        .file("a/sub/x", "x")
        .file("a.b", "sorts between")
        .dir("opaque/")
        .file("opaque/old", "old")
        .file("opaque.not", "stays")
        .file("replaced-by-dir", "f")
        .dir("replaced-by-file/")
        .file("replaced-by-file/x", "x")
        .raw(&Entry { mode: 0o1777, ..entry(b'5', "tmp/") }, b"")
        .file("gone", "x")
        .dir("gonedir/")
        .file("gonedir/x", "x")
        .symlink("link", "a/1")
        .end();
    let middle = Tape::default()
        .file("a/1", "middle!")
        .file("a/.wh.2", "")
        .file(".wh.gone", "")
        .file(".wh.gonedir", "")
        .dir("opaque/")
        .file("opaque/new", "new")
        .file("opaque/.wh..wh..opq", "")
        .dir("replaced-by-dir/")
        .file("replaced-by-dir/y", "y")
        .file("replaced-by-file", "now")
        .file(".wh.never-there", "")
        .end();
    let high = Tape::default()
        .dir("gonedir/")
        .file("gonedir/fresh", "fresh")
        .file("a/sub/.wh..wh..opq", "")
        .file("a/sub/z", "z")
        .dir("both/")
        .file("both/.wh.x", "")
        .file("both/x", "wins")
        .file(".wh.a.b", "")
        .end();
    [low, middle, high]
}

#[test]
fn the_merged_view() {
    let store = store();
    let tree = merged(&store, &layers());
    let expected = [
        "a d 755 0:0",
        "a/1 f7 644 0:0",
        "a/sub d 755 0:0",
        "a/sub/z f1 644 0:0",
        "both d 755 0:0",
        "both/x f4 644 0:0",
        "gonedir d 755 0:0",
        "gonedir/fresh f5 644 0:0",
        "link la/1 777 0:0",
        "opaque d 755 0:0",
        "opaque/new f3 644 0:0",
        "opaque.not f5 644 0:0",
        "replaced-by-dir d 755 0:0",
        "replaced-by-dir/y f1 644 0:0",
        "replaced-by-file f3 644 0:0",
        "tmp d 1777 0:0",
    ];
    assert_eq!(listing(&tree), expected);
    assert_eq!(FileTree::read(&tree, "/link", 100).unwrap(), b"middle!");
    assert_eq!(tree.children("/a"), ["1", "sub"]);
    let top = [
        "a",
        "both",
        "gonedir",
        "link",
        "opaque",
        "opaque.not",
        "replaced-by-dir",
        "replaced-by-file",
        "tmp",
    ];
    assert_eq!(tree.children("/"), top);
    assert_eq!(tree.lookup("/a/1").unwrap().layer, 1);
    assert!(matches!(tree.read_exact_path("/gone", 9), Err(TreeError::Missing { .. })));
    assert!(matches!(tree.read_exact_path("/a/1", 6), Err(TreeError::TooLarge { .. })));
    assert!(matches!(tree.read_exact_path("/a", 6), Err(TreeError::NotAFile { .. })));
    let (real, found) = SourceTree::resolve(&tree, b"link").unwrap().unwrap();
    assert_eq!((real.as_slice(), found.kind), (&b"a/1"[..], SourceKind::File { size: 7 }));
}

#[test]
fn the_kernel_sees_the_same() {
    let store = store();
    let tapes = layers();
    let tree = merged(&store, &tapes);
    let lowers: Vec<_> = tapes.iter().map(|tape| store.layer_fs(&plimsoll_model::Digest::of(tape))).collect();
    let Some(found) = with_overlay(&lowers, None, "cd $M; find . -mindepth 1 -printf '%P %y %s\\n'") else {
        return;
    };
    let mut found: Vec<String> = found.lines().map(str::to_string).collect();
    found.sort();
    let line = |entry: &plimsoll_image::layer::IndexEntry| {
        let path = String::from_utf8_lossy(&entry.path).into_owned();
        match &entry.kind {
            EntryKind::File { size, .. } => format!("{path} f {size}"),
            EntryKind::Symlink(target) => format!("{path} l {}", target.len()),
            _ => format!("{path} d "),
        }
    };
    let mut expected: Vec<String> = tree.entries().map(|(entry, _)| line(entry)).collect();
    expected.sort();
    let same =
        found.len() == expected.len() && found.iter().zip(&expected).all(|(a, b)| a.starts_with(b.as_str()));
    assert!(same, "kernel: {found:#?}\nours: {expected:#?}");
}

#[test]
fn a_parent_the_archive_does_not_bring_keeps_its_attributes() {
    let store = store();
    let low = Tape::default().raw(&Entry { mode: 0o700, uid: 5, ..entry(b'5', "home/") }, b"").end();
    let tree = merged(&store, &[low, Tape::default().file("home/new", "x").end()]);
    assert_eq!(listing(&tree), ["home d 700 5:0", "home/new f1 644 0:0"]);
}

#[test]
fn names_that_are_not_utf8_are_found_as_shown() {
    let store = store();
    let tree = merged(&store, &[Tape::default().pax(&[("path", b"d/a\xffb")]).file("x", "bytes").end()]);
    assert_eq!(tree.children("/d"), ["a\u{fffd}b"]);
    assert_eq!(FileTree::read(&tree, "/d/a\u{fffd}b", 10).unwrap(), b"bytes");
    assert_eq!(tree.names(b"d").unwrap(), [b"a\xffb".to_vec()]);
}

#[test]
fn a_tree_of_no_layers_has_a_root() {
    let store = store();
    let tree = LayeredTree::open(&store, &[]).unwrap();
    assert!(tree.lookup("/").is_some() && tree.children("/").is_empty() && tree.lookup("/x").is_none());
}

/// A layer by chance: files, directories, links, whiteouts and opaque directories of few names, so that they
/// meet; each name once, parents often left out.
fn layer_by_chance(chance: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let mut tape = Tape::default();
    let mut used = BTreeSet::new();
    for _ in 0..1 + chance(7) {
        let names: Vec<&str> = (0..1 + chance(3)).map(|_| ["a", "a-b", "b"][chance(3)]).collect();
        let (path, parent) = (names.join("/"), names[..names.len() - 1].join("/"));
        let is_below =
            |one: &String| path.starts_with(&format!("{one}/")) || one.starts_with(&format!("{path}/"));
        if used.iter().any(|one| *one == path || is_below(one)) {
            continue;
        }
        let join = |name: &str| if parent.is_empty() { name.to_string() } else { format!("{parent}/{name}") };
        tape = match chance(6) {
            0 => tape.dir(&format!("{path}/")),
            1 => tape.symlink(&path, "b"),
            2 => tape.file(&join(&format!(".wh.{}", names[names.len() - 1])), ""),
            3 => tape.file(&format!("{path}/.wh..wh..opq"), ""),
            _ => tape.file(&path, "x"),
        };
        used.insert(path);
    }
    tape.end()
}

/// A single question is answered without merging; the answer must be that of the merged view.
#[test]
fn one_path_is_what_it_is_among_all() {
    let store = store();
    let mut state = 7u64;
    let mut chance = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let names = ["a", "a-b", "b"];
    let two: Vec<String> = names.iter().flat_map(|a| names.map(|b| format!("{a}/{b}"))).collect();
    let three: Vec<String> = two.iter().flat_map(|a| names.map(|b| format!("{a}/{b}"))).collect();
    let paths: Vec<String> = names.iter().map(ToString::to_string).chain(two).chain(three).collect();
    let mut there = 0;
    for round in 0..200 {
        let tapes: Vec<Vec<u8>> = (0..1 + round % 4).map(|_| layer_by_chance(&mut chance)).collect();
        let among_all = merged(&store, &tapes);
        there += among_all.entries().count();
        for path in paths.iter().chain([&String::new()]) {
            let alone = merged(&store, &tapes);
            let found = alone.lookup(&format!("/{path}"));
            among_all.children("/");
            assert_eq!(found, among_all.lookup(&format!("/{path}")), "round {round}: {path}");
        }
    }
    assert!(there > 500, "{there}");
}
