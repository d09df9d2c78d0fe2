//! The tools of the tests, tested.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use plimsoll_testkit::{image, rootfs, store};

#[test]
fn noise_is_repeatable_and_differs_by_seed() {
    assert_eq!(image::noise(1, 1000), image::noise(1, 1000));
    assert_ne!(image::noise(1, 1000), image::noise(2, 1000));
    assert_eq!(image::noise(3, 13).len(), 13);
}

#[test]
fn images_are_the_same_bytes_in_every_store() {
    let tars = [image::tar_of(&[("etc/motd", b"hello")])];
    let (one, other) = (store(), store());
    assert_eq!(image::image(&one, "app:1", &tars), image::image(&other, "app:1", &tars));
    one.assert_valid();
}

#[test]
fn a_bare_root_has_users_and_a_sticky_tmp() {
    let directory = tempfile::tempdir().unwrap();
    rootfs::bare(directory.path());
    let mode = std::fs::metadata(directory.path().join("tmp")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o1777);
    assert!(std::fs::read_to_string(directory.path().join("etc/passwd")).unwrap().contains("app:x:1000:"));
}

#[test]
fn busybox_runs_in_its_tree() {
    let directory = tempfile::tempdir().unwrap();
    if !rootfs::busybox(directory.path()) {
        return;
    }
    // The link leads to the copy beside it, which needs nothing else.
    let output = Command::new(directory.path().join("bin/echo")).arg("hello").env_clear().output().unwrap();
    assert_eq!(output.stdout, b"hello\n");
}

#[test]
fn busybox_images_are_images() {
    let store = store();
    let Some(manifest) = rootfs::busybox_image(&store, "busybox:test") else { return };
    assert_eq!(store.find_image("busybox:test").unwrap().manifest_digest, manifest);
    store.assert_valid();
}

#[test]
#[should_panic(expected = "a blob has a wrong name")]
fn a_damaged_store_is_noticed() {
    let store = store();
    let digest = store.put_bytes(b"right").unwrap();
    std::fs::write(store.blob_path(&digest).unwrap(), b"wrong").unwrap();
    store.assert_valid();
}
