//! What a container wrote, looked at where it lies: differences, a layer, all files as a tar stream.

use std::fs;
use std::path::PathBuf;

use plimsoll_image::Store;
use plimsoll_image::layer::{ChangeKind, LayeredTree, Written};
use plimsoll_model::Digest;
use plimsoll_testkit::store;

use crate::commit::{SINGLE, base};
use crate::overlay::with_overlay;
use crate::tape::{gzip, listing, unpack_blob};

/// The layers below, and the upper directory of a container that ran a script over them.
fn container(store: &Store, script: &str) -> Option<(LayeredTree, PathBuf)> {
    let tape = base();
    let id = Digest::of(&tape);
    let fs = unpack_blob(store, &gzip(&tape), &id).unwrap();
    let scratch = store.root().join("containers").join("test");
    fs::create_dir_all(&scratch).unwrap();
    with_overlay(&[fs], Some(&scratch), &format!("cd $M\numask 022\n{script}"))?;
    Some((LayeredTree::open(store, &[id]).unwrap(), scratch.join("upper")))
}

fn clean_up(store: &Store) {
    // Overlay leaves a directory of mode 0 in `work`.
    plimsoll_sys::root_dir::RootDir::open(store.root()).unwrap().remove_all("containers/test").unwrap();
}

fn changes(written: &Written<'_>) -> Vec<String> {
    let letter = |kind| match kind {
        ChangeKind::Added => "A",
        ChangeKind::Changed => "C",
        ChangeKind::Deleted => "D",
    };
    let shown = |change: &plimsoll_image::layer::Change| {
        format!("{} {}", letter(change.kind), String::from_utf8_lossy(&change.path))
    };
    written.changes().iter().map(shown).collect()
}

/// What docker's `diff` says of the same scripts (docker 20.10, sorted).
#[test]
fn differences_are_dockers() {
    for (script, expected) in [
        ("echo x >> etc/owned", &["C etc", "C etc/owned"][..]),
        ("chmod 600 etc/owned", &["C etc", "C etc/owned"]),
        ("rm -r var; mkdir var; echo n > var/new", &["C var", "D var/cache", "D var/lib", "A var/new"]),
        ("rm -r var/lib; mkdir var/lib", &["C var", "C var/lib", "D var/lib/y"]),
        ("rm -r var/lib; echo f > var/lib", &["C var", "C var/lib"]),
        ("rm etc/gone; ln -s x etc/gone", &["C etc", "C etc/gone"]),
        ("mv var var2", &["D var", "A var2", "A var2/cache", "A var2/cache/x", "A var2/lib", "A var2/lib/y"]),
        ("touch var", &[]),
        ("chmod 700 var", &["C var"]),
        (
            "mkdir -p b/c; rm etc/gone; touch etc/x; rm etc/x; mkfifo p",
            &["A b", "A b/c", "C etc", "D etc/gone", "A p"],
        ),
        ("true", &[]),
    ] {
        let store = store();
        let Some((lower, upper)) = container(&store, script) else { return };
        assert_eq!(changes(&Written::survey(&upper, &lower, &SINGLE).unwrap()), expected, "{script}");
        clean_up(&store);
    }
    let store = store();
    let (upper, lower) = (store.root().join("no-upper"), LayeredTree::empty());
    assert_eq!(Written::survey(&upper, &lower, &SINGLE).unwrap().changes(), []);
}

#[test]
fn packing_takes_nothing_away_and_gives_the_layer_a_build_would() {
    let script = "echo new > etc/new; rm -r var/cache; mkdir -p s; touch etc/x; rm etc/x; touch empty; \
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s/socket\")'";
    if plimsoll_testkit::program("python3").is_none() {
        return;
    }
    let store = store();
    let Some((lower, upper)) = container(&store, script) else { return };
    let names = || {
        let mut names = Vec::new();
        let mut left = vec![upper.clone()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
                names.push(entry.path());
                left.extend(entry.file_type().unwrap().is_dir().then(|| entry.path()));
            }
        }
        names.sort();
        names
    };
    let before = names();
    let packed = Written::survey(&upper, &lower, &SINGLE).unwrap().pack(&store).unwrap().unwrap();
    assert_eq!(names(), before);
    let committed = store.commit_upper(&upper, &lower, &SINGLE).unwrap().unwrap();
    assert_eq!(packed, committed);
    clean_up(&store);
}

#[test]
fn all_files_of_a_container_as_one_tree() {
    let script = "echo new > etc/new; ln etc/new etc/twin; rm etc/gone; rm -r var/cache; chmod 700 empty";
    let store = store();
    let Some((lower, upper)) = container(&store, script) else { return };
    let mut tar = Vec::new();
    Written::survey(&upper, &lower, &SINGLE).unwrap().write_tar(&mut tar).unwrap();
    let other = plimsoll_testkit::store();
    let id = Digest::of(&tar);
    unpack_blob(&other, &gzip(&tar), &id).unwrap();
    let expected = [
        "empty d 700 0:0",
        "etc d 755 0:0",
        "etc/new f4 644 0:0",
        "etc/owned f3 644 33:44",
        "etc/twin f4 644 0:0",
        "var d 755 0:0",
        "var/lib d 755 0:0",
        "var/lib/y f1 644 0:0",
    ];
    assert_eq!(listing(&LayeredTree::open(&other, &[id]).unwrap()), expected);
    clean_up(&store);
}
