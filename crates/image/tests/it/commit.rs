//! What a container wrote, from a real overlay's upper directory.

use std::fs;
use std::path::PathBuf;

use plimsoll_image::layer::{CommitRules, LayeredTree, Owners};
use plimsoll_image::{CommittedLayer, Store};
use plimsoll_model::Digest;
use plimsoll_testkit::store;

use crate::overlay::with_overlay;
use crate::tape::{Entry, Tape, entry, gzip, listing, unpack_blob};

pub fn base() -> Vec<u8> {
    Tape::default()
        .raw(&Entry { mtime: 40, ..entry(b'5', "etc/") }, b"")
        .raw(&Entry { uid: 33, gid: 44, ..entry(b'0', "etc/owned") }, b"old")
        .file("etc/gone", "x")
        .dir("var/")
        .dir("var/cache/")
        .file("var/cache/x", "x")
        .dir("var/lib/")
        .file("var/lib/y", "y")
        .dir("empty/")
        .end()
}

pub const SINGLE: CommitRules<'static> =
    CommitRules { epoch: 1000, owners: Owners::Single { uid: 0, gid: 0, records: None }, mount_points: &[] };

/// Run a script over the base and commit what it wrote; the merged tree after it.
fn commit(
    store: &Store,
    script: &str,
    rules: &CommitRules<'_>,
) -> Option<(Option<CommittedLayer>, LayeredTree)> {
    let tape = base();
    let id = Digest::of(&tape);
    let fs = unpack_blob(store, &gzip(&tape), &id).unwrap();
    let lower = LayeredTree::open(store, &[id]).unwrap();
    let scratch: PathBuf = store.root().join("containers").join("test");
    fs::create_dir_all(&scratch).unwrap();
    with_overlay(&[fs], Some(&scratch), &format!("cd $M\n{script}"))?;
    let layer = store.commit_upper(&scratch.join("upper"), &lower, rules).unwrap();
    let ids: Vec<Digest> = [id].into_iter().chain(layer.as_ref().map(|layer| layer.diff_id)).collect();
    // Overlay leaves a directory of mode 0 in `work`.
    plimsoll_sys::root_dir::RootDir::open(store.root()).unwrap().remove_all("containers/test").unwrap();
    Some((layer, LayeredTree::open(store, &ids).unwrap()))
}

#[test]
fn everything_a_step_can_do() {
    let script = "
        umask 022
        echo new > etc/new
        ln etc/new etc/twin
        ln -s new etc/link
        echo changed >> etc/owned
        rm etc/gone
        rm -r var/cache; mkdir var/cache; echo fresh > var/cache/z
        rm -r var/lib
        chmod 700 empty
        mkfifo pipe
        touch -d @77 past
        mkdir -p deep/er; touch deep/er/f
    ";
    let store = store();
    let Some((layer, tree)) = commit(&store, script, &SINGLE) else { return };
    let expected = [
        "deep d 755 0:0",
        "deep/er d 755 0:0",
        "deep/er/f f0 644 0:0",
        "empty d 700 0:0",
        "etc d 755 0:0",
        "etc/link lnew 777 0:0",
        "etc/new f4 644 0:0",
        "etc/owned f11 644 33:44",
        "etc/twin f4 644 0:0",
        "past f0 644 0:0",
        "pipe p 644 0:0",
        "var d 755 0:0",
        "var/cache d 755 0:0",
        "var/cache/z f6 644 0:0",
    ];
    assert_eq!(listing(&tree), expected);
    assert_eq!(tree.get(b"past").unwrap().0.mtime, 77);
    assert_eq!(tree.get(b"etc/new").unwrap().0.mtime, 1000);
    // The time of a directory whose attributes did not change stays.
    assert_eq!(tree.get(b"etc").unwrap().0.mtime, 40);
    // The packed layer means the same as the directory that was moved into the store.
    let layer = layer.unwrap();
    let blob = fs::read(store.blob_path(&layer.descriptor.digest).unwrap()).unwrap();
    let elsewhere = plimsoll_testkit::store();
    unpack_blob(&elsewhere, &blob, &layer.diff_id).unwrap();
    assert_eq!(elsewhere.layer_index(&layer.diff_id).unwrap(), store.layer_index(&layer.diff_id).unwrap());
    let times = |store: &Store| {
        let output = std::process::Command::new("find")
            .arg(store.layer_fs(&layer.diff_id))
            .args(["-printf", "%P %y %m %T@ %s\n"])
            .output();
        let mut lines: Vec<String> =
            String::from_utf8(output.unwrap().stdout).unwrap().lines().map(str::to_string).collect();
        lines.retain(|line| !line.contains(" d ") && !line.contains(" c "));
        lines.sort();
        lines
    };
    assert_eq!(times(&store), times(&elsewhere));
    store.assert_valid();
}

#[test]
fn what_is_made_again_in_a_directory_made_again_stays() {
    let store = store();
    let script = "rm -r var; mkdir -p var/cache; mkdir var/lib; touch var/lib/new";
    let Some((_, tree)) = commit(&store, script, &SINGLE) else { return };
    let var: Vec<String> = listing(&tree).into_iter().filter(|line| line.starts_with("var")).collect();
    assert_eq!(var, ["var d 755 0:0", "var/cache d 755 0:0", "var/lib d 755 0:0", "var/lib/new f0 644 0:0"]);
}

#[test]
fn nothing_done_and_everything_undone_are_no_layer() {
    for script in ["true", "touch etc/x; rm etc/x; mkdir etc/y; rmdir etc/y", "touch etc; chmod 755 etc"] {
        let store = store();
        let Some((layer, _)) = commit(&store, script, &SINGLE) else { return };
        assert_eq!(layer, None, "{script}");
        store.assert_valid();
    }
}

#[test]
fn mount_points_leave_no_trace_while_they_are_empty() {
    let points = [
        b"etc/hosts".to_vec(),
        b"proc".to_vec(),
        b"run/secrets/x".to_vec(),
        b"run/secrets".to_vec(),
        b"run".to_vec(),
    ];
    let rules = CommitRules { mount_points: &points, ..SINGLE };
    let store = store();
    let script = "touch etc/hosts; mkdir proc; mkdir -p run/secrets; touch run/secrets/x";
    let Some((layer, _)) = commit(&store, script, &rules) else { return };
    assert_eq!(layer, None);
    let (_, tree) = commit(&store, "mkdir proc; echo x > proc/kept; echo x > etc/hosts", &rules).unwrap();
    assert!(tree.get(b"proc/kept").is_some() && tree.get(b"etc/hosts").is_some());
}

#[test]
fn the_same_step_gives_the_same_digest_at_any_time() {
    let digest = || {
        let store = store();
        let result = commit(&store, "umask 022; mkdir a; echo 1 > a/b; rm etc/gone", &SINGLE)?;
        Some(result.0.unwrap())
    };
    let Some(first) = digest() else { return };
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // The same for everybody, as root and as an ordinary user.
    assert_eq!(
        first.diff_id.to_string(),
        "sha256:e118a0997b22492fae48c23f8980da3924a52b253d091ef2b131e7d66cdcb865"
    );
    assert_eq!(Some(first), digest());
}

#[test]
fn new_files_belong_to_the_user_of_the_step() {
    let rules = CommitRules { owners: Owners::Single { uid: 1000, gid: 50, records: None }, ..SINGLE };
    let store = store();
    let Some((_, tree)) = commit(&store, "echo x > new; echo x > etc/owned", &rules) else { return };
    let owner = |path: &[u8]| tree.get(path).map(|(entry, _)| (entry.uid, entry.gid));
    assert_eq!((owner(b"new"), owner(b"etc/owned")), (Some((1000, 50)), Some((33, 44))));
}

#[test]
fn a_copy_keeps_its_owner_and_what_takes_its_place_does_not() {
    let rules = CommitRules { owners: Owners::Single { uid: 1000, gid: 50, records: None }, ..SINGLE };
    let store = store();
    let script = "chmod 600 etc/owned";
    let Some((_, tree)) = commit(&store, script, &rules) else { return };
    let owner = |tree: &LayeredTree| tree.get(b"etc/owned").map(|(entry, _)| (entry.uid, entry.gid));
    assert_eq!(owner(&tree), Some((33, 44)));
    for script in ["rm etc/owned; echo new > etc/owned", "echo new > n; mv n etc/owned"] {
        let (_, tree) = commit(&store, script, &rules).unwrap();
        assert_eq!(owner(&tree), Some((1000, 50)), "{script}");
    }
}

#[test]
fn sockets_and_overlays_own_attributes_do_not_reach_the_layer() {
    let script = "
        python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'
        python3 -c 'import os; open(\"f\",\"w\"); os.setxattr(\"f\",\"user.note\",b\"v\")'
    ";
    if plimsoll_testkit::program("python3").is_none() {
        return;
    }
    let store = store();
    let Some((_, tree)) = commit(&store, script, &SINGLE) else { return };
    assert!(tree.get(b"s").is_none());
    assert_eq!(tree.get(b"f").unwrap().0.xattrs, [(b"user.note".to_vec(), b"v".to_vec())]);
}
