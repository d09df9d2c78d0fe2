//! The store as a whole: names, ids, removal, several processes at once, what a killed one leaves.

use std::fs;
use std::io::Read as _;

use plimsoll_image::{Error, Roots, Store};
use plimsoll_model::{Digest, Reference};
use plimsoll_testkit::image::{image, tar_of};
use plimsoll_testkit::store;

fn name(text: &str) -> Reference {
    text.parse().unwrap()
}

#[test]
fn names_ids_and_prefixes() {
    let store = store();
    let one = image(&store, "app:1", &[tar_of(&[("a", b"1")])]);
    let two = image(&store, "app:2", &[tar_of(&[("a", b"2")])]);
    assert_eq!(store.resolve("app:1").unwrap().manifest, one);
    assert_eq!(store.resolve("docker.io/library/app:2").unwrap().manifest, two);
    let config = store.image(&two).unwrap().config_digest;
    for text in [
        config.to_string(),
        config.hex(),
        config.short(),
        two.to_string(),
        two.hex()[..12].to_string(),
        format!("app@{two}"),
    ] {
        assert_eq!(store.resolve(&text).unwrap().manifest, two, "{text}");
    }
    assert!(matches!(store.resolve("app:3"), Err(Error::NoSuchImage { nearest: Some(_), .. })));
    assert!(matches!(store.resolve("abc"), Err(Error::NoSuchImage { nearest: None, .. })));
    assert!(matches!(store.resolve("Not A Name"), Err(Error::BadReference(_))));
    let found = store.find_image("app:1").unwrap();
    assert_eq!((found.manifest_digest, found.reference), (one, Some(name("app:1"))));
}

#[test]
fn a_name_moves_and_its_old_image_stays_nameless() {
    let store = store();
    let one = image(&store, "app", &[tar_of(&[("a", b"1")])]);
    let two = image(&store, "app", &[tar_of(&[("a", b"2")])]);
    store.tag(&two, &name("other:x")).unwrap();
    let images = store.images().unwrap();
    let names: Vec<Vec<String>> =
        images.iter().map(|image| image.references.iter().map(Reference::to_string).collect()).collect();
    assert_eq!(names, [vec!["app:latest", "other:x"], vec![]]);
    assert_eq!((images[0].manifest_digest, images[1].manifest_digest), (two, one));
    store.tag(&one, &name("back")).unwrap();
    assert!(store.images().unwrap().iter().all(|image| !image.references.is_empty()));
}

#[test]
fn a_name_given_again_is_not_written_again() {
    let store = store();
    let one = image(&store, "app", &[tar_of(&[("a", b"1")])]);
    let path = store.root().join("index.json");
    let held = fs::File::open(&path).unwrap();
    let inode = |metadata: fs::Metadata| std::os::unix::fs::MetadataExt::ino(&metadata);
    store.tag(&one, &name("app")).unwrap();
    assert_eq!(inode(fs::metadata(&path).unwrap()), inode(held.metadata().unwrap()));
    store.tag(&one, &name("app:2")).unwrap();
    assert_ne!(inode(fs::metadata(&path).unwrap()), inode(held.metadata().unwrap()));
}

/// What a collection removes; nobody else may be writing.
pub fn collected(store: &Store, roots: &Roots) -> plimsoll_image::Freed {
    // A program that another test is about to start has our lock, too, until it is executed.
    let pause = || std::thread::sleep(std::time::Duration::from_millis(5));
    let alone = (0..2000).find_map(|_| {
        store.alone().unwrap().or_else(|| {
            pause();
            None
        })
    });
    alone.expect("nobody else writes").collect_garbage(roots).unwrap()
}

#[test]
fn removal_frees_what_nobody_else_uses() {
    let store = store();
    let shared = tar_of(&[("shared", b"s")]);
    let one = image(&store, "one", &[shared.clone(), tar_of(&[("a", b"1")])]);
    let two = image(&store, "two", std::slice::from_ref(&shared));
    store.unpack_image(&store.image(&one).unwrap()).unwrap();
    let own_layer = store.image(&one).unwrap().config.diff_ids[1];
    let config = store.image(&one).unwrap().config_digest;
    fs::write(store.root().join("tmp/left-by-a-killed-process"), "x").unwrap();

    let roots = Roots { manifests: vec![one], ..Roots::default() };
    assert!(matches!(store.remove_image("one", false, &roots), Err(Error::InUse { .. })));
    let removal = store.remove_image("one", false, &Roots::default()).unwrap();
    assert_eq!((removal.untagged.len(), removal.deleted), (1, Some(one)));
    let freed = collected(&store, &Roots::default());
    assert_eq!((freed.layers, freed.blobs.len()), (vec![own_layer], 3));
    assert!(
        !store.has_blob(&config) && !store.has_layer(&own_layer) && store.has_layer(&Digest::of(&shared))
    );
    assert!(matches!(store.resolve("one"), Err(Error::NoSuchImage { .. })));
    store.unpack_image(&store.image(&two).unwrap()).unwrap();
    store.assert_valid();

    store.tag(&two, &name("again")).unwrap();
    let id = two.hex();
    assert!(matches!(store.remove_image(&id, false, &Roots::default()), Err(Error::InUse { .. })));
    let removal = store.remove_image("again", false, &Roots::default()).unwrap();
    assert_eq!((removal.deleted, store.names_of(&two).unwrap()), (None, vec![name("two:latest")]));
    store.tag(&two, &name("again")).unwrap();
    assert_eq!(store.remove_image(&id, true, &Roots::default()).unwrap().untagged.len(), 2);
    assert!(store.images().unwrap().is_empty());
    collected(&store, &Roots::default());
    assert_eq!(fs::read_dir(store.root().join("blobs/sha256")).unwrap().count(), 0);
}

#[test]
fn a_reference_by_digest_can_be_removed() {
    let store = store();
    let one = image(&store, "one", &[tar_of(&[("a", b"1")])]);
    let removal = store.remove_image(&format!("one@{one}"), false, &Roots::default()).unwrap();
    assert_eq!((removal.untagged, removal.deleted), (vec![name("one:latest")], Some(one)));
}

#[test]
fn roots_and_writers_keep_what_they_need() {
    let store = store();
    let one = image(&store, "one", &[tar_of(&[("a", b"1")])]);
    let loose = store.put_bytes(b"loose").unwrap();
    let hold = store.hold().unwrap();
    store.remove_image("one", false, &Roots::default()).unwrap();
    assert!(store.alone().unwrap().is_none(), "a writer keeps collections away");
    drop(hold);
    let kept = Roots { manifests: vec![one], blobs: vec![loose], ..Roots::default() };
    assert_eq!(collected(&store, &kept).blobs, []);
    assert_eq!(collected(&store, &Roots::default()).blobs.len(), 4);
}

#[test]
fn a_blob_that_breaks_off_leaves_nothing() {
    let store = store();
    let digest = Digest::of(b"whole");
    let cut = store.put_blob(&b"who"[..], Some((digest, 5))).unwrap_err();
    assert!(matches!(cut, Error::WrongSize { expected: 5, found: 3, .. }), "{cut}");
    let long = store.put_blob(&b"whole and more"[..], Some((digest, 5))).unwrap_err();
    assert!(matches!(long, Error::WrongSize { .. }), "{long}");
    let other = store.put_blob(&b"other"[..], Some((digest, 5))).unwrap_err();
    assert!(matches!(other, Error::WrongDigest { .. }), "{other}");
    assert!(!store.has_blob(&digest));
    assert_eq!(store.put_blob(&b"whole"[..], Some((digest, 5))).unwrap(), (digest, 5));
    let mut text = String::new();
    store.open_blob(&digest).unwrap().0.read_to_string(&mut text).unwrap();
    assert_eq!(text, "whole");
    assert!(matches!(store.read_blob(&digest, 4), Err(Error::TooLarge { .. })));
    fs::write(store.blob_path(&digest).unwrap(), "changed").unwrap();
    assert!(matches!(store.read_blob(&digest, 10), Err(Error::Damaged { .. })));
}

#[test]
fn many_at_once() {
    let store = store();
    std::thread::scope(|scope| {
        for number in 0..8u8 {
            let store = &*store;
            scope.spawn(move || {
                for round in 0..6u8 {
                    let hold = store.hold().unwrap();
                    let tar = tar_of(&[("a", &[round]), ("b", &[number])]);
                    let manifest = image(store, &format!("app{number}:{round}"), &[tar]);
                    let image = store.image(&manifest).unwrap();
                    store.unpack_image(&image).unwrap();
                    drop(hold);
                    store
                        .remove_image(
                            &format!("app{number}:{}", round.wrapping_sub(2)),
                            false,
                            &Roots::default(),
                        )
                        .ok();
                    if let Some(alone) = store.alone().unwrap() {
                        alone.collect_garbage(&Roots::default()).unwrap();
                    }
                }
            });
        }
    });
    let names: usize = store.images().unwrap().iter().map(|image| image.references.len()).sum();
    assert_eq!(names, 16);
    store.assert_valid();
    collected(&store, &Roots::default());
}

#[test]
fn the_same_layer_unpacked_by_many_at_once() {
    let store = store();
    let manifest = image(&store, "app", &[tar_of(&[("a", &[7; 300_000]), ("b", b"x")])]);
    let image = store.image(&manifest).unwrap();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| store.unpack_image(&image).unwrap())).collect();
        let paths: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(paths.iter().all(|path| path == &paths[0]));
    });
    store.assert_valid();
}

#[test]
fn a_full_disk_is_one_sentence_and_a_valid_store() {
    // A file system of 1 MiB in a mount namespace of its own; the store lies on it, the program that
    // fills it is this test, started again.
    const ROOT: &str = "PLIMSOLL_TEST_FULL_DISK";
    if let Some(root) = std::env::var_os(ROOT) {
        let store = Store::open(std::path::Path::new(&root)).unwrap();
        let good = image(&store, "good", &[tar_of(&[("a", b"1")])]);
        let noise = plimsoll_testkit::image::noise(1, 2 << 20);
        let error = store.put_blob(&noise[..], None).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        assert!(
            error.to_string().contains("no space left") && error.to_string().contains("PLIMSOLL_ROOT"),
            "{error}"
        );
        let zeros = tar_of(&[("zeros", &[0; 2 << 20])]);
        let layer = plimsoll_testkit::image::layer(&store, &zeros);
        let error = store.unpack(&layer.descriptor, &layer.diff_id).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        assert_eq!(fs::read_dir(store.root().join("tmp")).unwrap().count(), 0);
        store.unpack_image(&store.image(&good).unwrap()).unwrap();
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("unshare");
    command.arg(if rustix::process::geteuid().is_root() { "-m" } else { "-Urm" }).args(["sh", "-ec"]);
    command.arg("mount -t tmpfs -o size=1m,mode=700 none \"$PLIMSOLL_TEST_FULL_DISK\" || exit 77; exec \"$0\" --exact store::a_full_disk_is_one_sentence_and_a_valid_store");
    command.arg(std::env::current_exe().unwrap()).env(ROOT, directory.path());
    let output = command.output().unwrap();
    if output.status.code() == Some(77) || output.stderr.starts_with(b"unshare:") {
        return plimsoll_testkit::skip("no mount namespace here");
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn killed_at_any_moment_the_store_stays_valid() {
    const ROOT: &str = "PLIMSOLL_TEST_KILLED";
    if let Some(root) = std::env::var_os(ROOT) {
        let store = Store::open(std::path::Path::new(&root)).unwrap();
        for round in 0u32.. {
            let bytes = plimsoll_testkit::image::noise(u64::from(round), 200_000);
            let manifest = image(&store, &format!("app:{round}"), &[tar_of(&[("a", &bytes), ("b", b"x")])]);
            store.unpack_image(&store.image(&manifest).unwrap()).unwrap();
            let _ = store.remove_image(&format!("app:{}", round.wrapping_sub(3)), false, &Roots::default());
            store.alone().unwrap().unwrap().collect_garbage(&Roots::default()).unwrap();
        }
    }
    let store = store();
    for round in 0..8 {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "store::killed_at_any_moment_the_store_stays_valid"])
            .env(ROOT, store.root());
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(150 + 37 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        for image in store.images().unwrap() {
            let image = store.image(&image.manifest_digest).unwrap();
            store.unpack_image(&image).unwrap();
            for (_, diff_id) in image.layers() {
                store.layer_index(&diff_id).unwrap();
            }
        }
        // What the killed one left under `tmp` goes with the next collection.
        collected(&store, &Roots::default());
        store.assert_valid();
    }
}

#[test]
fn opening_makes_a_private_layout_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("a/b/store");
    let store = Store::open(&root).unwrap();
    assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    let before = fs::read(root.join("index.json")).unwrap();
    Store::open(&root).unwrap();
    assert_eq!(fs::read(root.join("index.json")).unwrap(), before);
    assert!(store.images().unwrap().is_empty());
    fs::write(root.join("index.json"), "{").unwrap();
    let error = store.images().unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains("index.json"), "{error}");
    if rustix::process::geteuid().is_root() && std::os::unix::fs::chown(&root, Some(12345), None).is_ok() {
        assert!(matches!(Store::open(&root), Err(Error::ForeignStore { owner: 12345, .. })));
    }
}

#[test]
fn history_joins_steps_and_layers() {
    use plimsoll_image::history::history;
    use plimsoll_model::{HistoryEntry, ImageConfig};
    let store = store();
    let layers: Vec<_> = ["1", "2", "3"]
        .map(|name| plimsoll_testkit::image::layer(&store, &tar_of(&[(name, name.as_bytes())])))
        .into();
    let step = |text: &str, empty_layer| HistoryEntry {
        created_by: Some(text.to_string()),
        empty_layer,
        ..HistoryEntry::default()
    };
    let config = ImageConfig {
        history: vec![step("ADD", false), step("ENV", true), step("RUN", false)],
        ..ImageConfig::default()
    };
    let image = store.image(&store.create_image(config, &layers).unwrap()).unwrap();
    let steps = history(&image);
    let shown: Vec<_> = steps
        .iter()
        .map(|step| (step.entry.created_by.as_deref(), step.layer.as_ref().map(|(_, diff_id)| *diff_id)))
        .collect();
    let expected = [
        (Some("ADD"), Some(layers[0].diff_id)),
        (Some("ENV"), None),
        (Some("RUN"), Some(layers[1].diff_id)),
        (None, Some(layers[2].diff_id)),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn an_image_that_contradicts_itself_is_refused() {
    let store = store();
    let manifest = image(&store, "app", &[tar_of(&[("a", b"1")])]);
    let image = store.image(&manifest).unwrap();
    let text = String::from_utf8(image.manifest_bytes).unwrap();
    let layers = text.find("\"layers\":[").unwrap();
    let without = format!("{}\"layers\":[]}}", &text[..layers]);
    let bad = store.put_bytes(without.as_bytes()).unwrap();
    let error = store.image(&bad).unwrap_err();
    assert!(error.to_string().contains("0 layers, but its configuration 1"), "{error}");
    assert!(store.tag(&bad, &name("bad")).is_err());
    let garbage = store.put_bytes(b"{").unwrap();
    assert!(matches!(store.image(&garbage), Err(Error::BadImage { .. })));
}

#[test]
fn an_image_on_a_docker_base_speaks_oci() {
    use plimsoll_model::manifest::media;
    let store = store();
    let mut base = plimsoll_testkit::image::layer(&store, &tar_of(&[("a", b"1")]));
    base.descriptor.media_type = media::DOCKER_LAYER_GZIP.to_string();
    let image = store.image(&store.create_image(Default::default(), &[base]).unwrap()).unwrap();
    assert_eq!(image.manifest.layers[0].media_type, media::OCI_LAYER_GZIP);
}
