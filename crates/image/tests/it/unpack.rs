//! Honest layers in all the forms tar programs write them.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use plimsoll_image::Error;
use plimsoll_image::layer::{EntryKind, LayerIndex};
use plimsoll_model::Digest;
use plimsoll_testkit::store;

use crate::tape::{Entry, Tape, entry, gzip, unpack_blob};

fn unpacked(store: &plimsoll_image::Store, tape: Vec<u8>) -> (std::path::PathBuf, LayerIndex) {
    let id = Digest::of(&tape);
    let fs = unpack_blob(store, &gzip(&tape), &id).unwrap();
    (fs, store.layer_index(&id).unwrap())
}

#[test]
fn files_links_modes_times_and_owners() {
    let store = store();
    let owned = Entry { mode: 0o4711, uid: 7, gid: 3_000_000, mtime: 1234, ..entry(b'0', "bin/su") };
    let tape = Tape::default()
        .raw(&Entry { mode: 0o500, ..entry(b'5', "closed/") }, b"")
        .file("closed/in", "x")
        .raw(&owned, b"12345")
        .link(b'1', "bin/again", "bin/su")
        .symlink("lib", "usr/lib")
        .raw(&entry(b'6', "pipe"), b"")
        .file("/absolute", "a")
        .file("./dotted/./name", "d")
        .end();
    let (fs, index) = unpacked(&store, tape);
    let su = fs::symlink_metadata(fs.join("bin/su")).unwrap();
    assert_eq!((su.mode() & 0o7777, su.mtime(), su.nlink()), (0o4711, 1234, 2));
    assert_eq!(fs::read(fs.join("bin/again")).unwrap(), b"12345");
    assert_eq!(fs::read_link(fs.join("lib")).unwrap().to_str(), Some("usr/lib"));
    assert_eq!(fs::metadata(fs.join("closed")).unwrap().permissions().mode() & 0o7777, 0o500);
    assert_eq!(fs::metadata(fs.join("closed")).unwrap().mtime(), 1);
    assert_eq!(fs::metadata(&fs).unwrap().permissions().mode() & 0o7777, 0o755);
    assert!(fs.join("absolute").exists() && fs.join("dotted/name").exists());
    let recorded = index.get(b"bin/su").unwrap();
    assert_eq!((recorded.uid, recorded.gid, recorded.mode), (7, 3_000_000, 0o4711));
    let link = EntryKind::File { size: 5, digest: Digest::of(b"12345"), link_of: None };
    let paths: Vec<_> = index.entries().iter().map(|entry| String::from_utf8_lossy(&entry.path)).collect();
    let expected = [
        "absolute",
        "bin",
        "bin/again",
        "bin/su",
        "closed",
        "closed/in",
        "dotted",
        "dotted/name",
        "lib",
        "pipe",
    ];
    assert_eq!(paths, expected);
    // The first name in walk order holds the file.
    assert_eq!(index.get(b"bin/again").unwrap().kind, link);
    assert!(matches!(&recorded.kind, EntryKind::File { link_of: Some(first), .. } if first == b"bin/again"));
    assert_eq!((index.size(), store.layer_size(&Digest::of(b""))), (5 + 1 + 1 + 1, None));
    store.assert_valid();
    // An ordinary user cannot empty the closed directory otherwise.
    plimsoll_sys::root_dir::RootDir::open(store.root()).unwrap().remove_all("layers").unwrap();
}

#[test]
fn plain_gzip_and_zstd_give_the_same() {
    let tape = Tape::default().file("a", "1").end();
    let id = Digest::of(&tape);
    for blob in [tape.clone(), gzip(&tape), zstd::encode_all(&tape[..], 3).unwrap()] {
        let store = store();
        let fs = unpack_blob(&store, &blob, &id).unwrap();
        assert_eq!(fs::read(fs.join("a")).unwrap(), b"1");
    }
}

#[test]
fn unpacking_twice_is_free_and_a_wrong_diff_id_is_refused() {
    let store = store();
    let tape = Tape::default().file("a", "1").end();
    let id = Digest::of(&tape);
    let fs = unpack_blob(&store, &gzip(&tape), &id).unwrap();
    let before = fs::metadata(&fs).unwrap().ino();
    assert_eq!(unpack_blob(&store, &gzip(&tape), &id).unwrap(), fs);
    assert_eq!(fs::metadata(&fs).unwrap().ino(), before);
    let other = Digest::of(b"other");
    let error = unpack_blob(&store, &gzip(&tape), &other).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { expected, .. } if expected == other), "{error}");
    assert!(!store.has_layer(&other));
    store.assert_valid();
}

#[test]
fn a_changed_or_cut_blob_is_refused() {
    let store = store();
    let tape = Tape::default().file("a", &"text ".repeat(1000)).end();
    let packed = gzip(&tape);
    let digest = store.put_bytes(&packed).unwrap();
    let descriptor = plimsoll_model::manifest::Descriptor::new("x", digest, packed.len() as u64);
    let path = store.blob_path(&digest).unwrap();
    fs::write(&path, &packed[..packed.len() / 2]).unwrap();
    let error = store.unpack(&descriptor, &Digest::of(&tape)).unwrap_err();
    assert!(matches!(error, Error::BrokenStream { .. }), "{error}");
    fs::write(&path, [&packed[..], b"\0"].concat()).unwrap();
    assert!(store.unpack(&descriptor, &Digest::of(&tape)).is_err());
    assert!(!store.has_layer(&Digest::of(&tape)));
}

#[test]
fn long_names_by_gnu_and_by_pax() {
    let store = store();
    let long = format!("{}/file", "d".repeat(150));
    let target = "t".repeat(300);
    let tape = Tape::default()
        .raw(&entry(b'L', "././@LongLink"), format!("{long}\0").as_bytes())
        .file("cut", "gnu")
        .raw(&entry(b'K', "././@LongLink"), format!("{target}\0").as_bytes())
        .symlink("link", "cut")
        .pax(&[
            ("path", b"\xc3\xa9/pax"),
            ("uid", b"5000000000"),
            ("uid", b"77"),
            ("mtime", b"99.5"),
            ("comment", b"x"),
        ])
        .file("cut", "pax")
        .pax(&[("path", b"bytes-\xff")])
        .file("cut", "raw")
        .end();
    let (fs, index) = unpacked(&store, tape);
    assert_eq!(fs::read(fs.join(&long)).unwrap(), b"gnu");
    assert_eq!(fs::read_link(fs.join("link")).unwrap().to_str(), Some(&*target));
    let pax = index.get("é/pax".as_bytes()).unwrap();
    assert_eq!((pax.uid, pax.mtime), (77, 99));
    assert!(index.get(b"bytes-\xff").is_some());
}

#[test]
fn names_given_twice_count_as_given_last() {
    let store = store();
    let tape = Tape::default()
        .file("a", "first")
        .link(b'1', "b", "a")
        .file("a", "second")
        .dir("d/")
        .file("d/x", "gone")
        .file("d", "now a file")
        .file("e", "file")
        .dir("e/")
        .file("e/x", "below")
        .end();
    let (fs, index) = unpacked(&store, tape);
    assert_eq!(fs::read(fs.join("a")).unwrap(), b"second");
    assert_eq!(fs::read(fs.join("b")).unwrap(), b"first");
    assert_eq!(fs::read(fs.join("d")).unwrap(), b"now a file");
    assert_eq!(fs::read(fs.join("e/x")).unwrap(), b"below");
    assert!(index.get(b"d/x").is_none());
    assert!(matches!(index.get(b"b").unwrap().kind, EntryKind::File { link_of: None, .. }));
}

#[test]
fn parents_may_be_links_of_the_layer() {
    let store = store();
    let tape = Tape::default()
        .dir("usr/")
        .dir("usr/bin/")
        .symlink("bin", "usr/bin")
        .symlink("sbin", "/usr/bin")
        .file("bin/a", "a")
        .file("sbin/b", "b")
        .link(b'1', "c", "bin/a")
        .end();
    let (fs, index) = unpacked(&store, tape);
    assert_eq!(fs::read(fs.join("usr/bin/a")).unwrap(), b"a");
    assert_eq!(fs::read(fs.join("usr/bin/b")).unwrap(), b"b");
    assert_eq!(fs::read(fs.join("c")).unwrap(), b"a");
    assert!(index.get(b"usr/bin/a").is_some() && index.get(b"bin/a").is_none());
}

#[test]
fn attributes_of_the_image_are_kept_and_overlays_own_are_not() {
    let store = store();
    let capability = b"\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let tape = Tape::default()
        .pax(&[
            ("SCHILY.xattr.security.capability", capability),
            ("SCHILY.xattr.user.note", b"kept"),
            ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
            ("SCHILY.xattr.user.overlay.metacopy", b""),
        ])
        .file("ping", "x")
        .end();
    let (_, index) = unpacked(&store, tape);
    let expected = vec![
        (b"security.capability".to_vec(), capability.to_vec()),
        (b"user.note".to_vec(), b"kept".to_vec()),
    ];
    assert_eq!(index.get(b"ping").unwrap().xattrs, expected);
}

#[test]
fn files_with_holes() {
    let store = store();
    // 1 MiB of hole, "data", and a hole up to 2 MiB, in PAX 1.0 form.
    let mut data = b"1\n1048576\n4\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"data");
    let tape = Tape::default()
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"holes"),
            ("GNU.sparse.realsize", b"2097152"),
        ])
        .raw(&entry(b'0', "GNUSparseFile.0/holes"), &data)
        .file("after", "x")
        .end();
    let (fs, index) = unpacked(&store, tape);
    let mut expected = vec![0u8; 2 << 20];
    expected[1 << 20..(1 << 20) + 4].copy_from_slice(b"data");
    assert_eq!(fs::read(fs.join("holes")).unwrap(), expected);
    assert!(matches!(index.get(b"holes").unwrap().kind, EntryKind::File { size: 2_097_152, .. }));
    assert_eq!(fs::read(fs.join("after")).unwrap(), b"x");
}

#[test]
fn what_tar_programs_write_is_read() {
    let Some(tar) = plimsoll_testkit::program("tar") else { return };
    let store = store();
    let source = store.directory().join("source");
    fs::create_dir_all(source.join("d").join("n".repeat(70)).join("m".repeat(70))).unwrap();
    fs::write(source.join("d").join("n".repeat(70)).join("m".repeat(70)).join("file"), "deep").unwrap();
    std::os::unix::fs::symlink("d", source.join("link")).unwrap();
    fs::hard_link(source.join("link"), source.join("link2")).unwrap();
    let holes = fs::File::create(source.join("holes")).unwrap();
    for at in 0..40u64 {
        std::os::unix::fs::FileExt::write_all_at(&holes, b"piece", at * 300_000).unwrap();
    }
    let whole = fs::read(source.join("holes")).unwrap();
    let mut listings = Vec::new();
    for format in ["gnu", "posix", "ustar"] {
        let mut command = std::process::Command::new(&tar);
        command.args(["--format", format, "-C"]).arg(&source).arg("-cf").arg("-");
        if format != "ustar" {
            command.arg("--sparse");
        }
        let output = command.arg(".").output().unwrap();
        let (fs, index) = unpacked(&store, output.stdout);
        assert_eq!(fs::read(fs.join("holes")).unwrap(), whole, "{format}");
        let entries =
            index.entries().iter().map(|entry| (entry.path.clone(), entry.kind.clone(), entry.mode));
        listings.push(entries.collect::<Vec<_>>());
    }
    assert_eq!(listings[0], listings[1]);
    assert_eq!(listings[0], listings[2]);
}
