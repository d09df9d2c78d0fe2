//! Layers made to do harm: each is refused with its entry named, and nothing is left of it.

use plimsoll_image::Error;
use plimsoll_model::Digest;
use plimsoll_testkit::store;

use crate::tape::{Entry, Tape, entry, gzip, unpack_blob};

/// Unpack, expect a refusal, and give its sentence.
fn refusal(tape: Vec<u8>) -> String {
    let store = store();
    let outside = store.directory().join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let id = Digest::of(&tape);
    let error = unpack_blob(&store, &gzip(&tape), &id).unwrap_err();
    assert!(!store.has_layer(&id));
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched");
    store.assert_valid();
    error.to_string()
}

#[test]
fn names_and_targets_that_lead_out() {
    let cases = [
        (Tape::default().file("../outside", "x"), "'../outside'"),
        (Tape::default().file("a/../../outside", "x"), "'a/../../outside'"),
        (Tape::default().file("/../../outside", "x"), "'/../../outside'"),
        (Tape::default().symlink("a/l", "../../outside"), "'a/l'"),
        (Tape::default().link(b'1', "h", "../outside"), "'h'"),
        (Tape::default().pax(&[("path", b"x/../../outside")]).file("ok", "x"), "'x/../../outside'"),
        (Tape::default().file("a/.wh...", "").end().into(), "'a/.wh...'"),
    ];
    for (tape, named) in cases {
        let sentence = refusal(tape.end());
        assert!(sentence.contains(named), "{sentence}");
    }
}

impl From<Vec<u8>> for Tape {
    fn from(bytes: Vec<u8>) -> Self {
        Tape(bytes)
    }
}

#[test]
fn links_are_followed_only_inside() {
    let store = store();
    let outside = store.directory().join("outside");
    std::fs::write(&outside, "untouched").unwrap();
    let tape = Tape::default()
        .symlink("abs", outside.parent().unwrap().to_str().unwrap())
        .file("abs/outside", "overwritten")
        .symlink("root", "/")
        .file("root/etc/passwd", "inside")
        .end();
    let id = Digest::of(&tape);
    let fs = unpack_blob(&store, &gzip(&tape), &id).unwrap();
    assert_eq!(std::fs::read(&outside).unwrap(), b"untouched");
    assert_eq!(std::fs::read(fs.join("etc/passwd")).unwrap(), b"inside");
    // A hard link to a link out of the root names the link, not what it leads to.
    let tape = Tape::default().symlink("l", outside.to_str().unwrap()).link(b'1', "h", "l").end();
    let fs = unpack_blob(&store, &gzip(&tape), &Digest::of(&tape)).unwrap();
    assert!(std::fs::symlink_metadata(fs.join("h")).unwrap().is_symlink());
}

#[test]
fn what_makes_no_sense() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Tape::default().link(b'1', "h", "nothing").end(), "hard link to 'nothing'"),
        (Tape::default().dir("d/").link(b'1', "h", "d").end(), "hard link to 'd'"),
        (Tape::default().file("f", "x").file("f/below", "x").end(), "lies below /f"),
        (Tape::default().symlink("l", "l").file("l/x", "x").end(), "too many symbolic links"),
        (Tape::default().file(".wh.", "").end(), "whiteout of no name"),
        (Tape::default().file("/", "x").end(), ""),
        (Tape::default().raw(&entry(b'V', "volume"), b"").end(), "'volume'"),
        (Tape::default().pax(&[("uid", b"99999999999")]).file("f", "x").end(), "owner out of range"),
        (Tape::default().pax(&[("path", b"a\0b")]).file("f", "x").end(), "NUL"),
        (Tape::default().raw(&entry(b'x', "p"), b"99 broken").file("f", "x").end(), "PAX"),
        (b"this is no tar archive".repeat(100), "checksum"),
    ];
    for (tape, expected) in cases {
        let store = store();
        let result = unpack_blob(&store, &gzip(&tape), &Digest::of(&tape));
        match (expected, result) {
            ("", Ok(_)) => {}
            (expected, Err(error)) => assert!(error.to_string().contains(expected), "{error}"),
            (expected, Ok(_)) => panic!("accepted although '{expected}'"),
        }
        store.assert_valid();
    }
}

#[test]
fn bombs_are_refused_before_they_go_off() {
    // A file that claims 100 GB is refused from its header.
    let claimed = Entry { size: 100 << 30, ..entry(b'0', "huge") };
    let sentence = refusal(Tape::default().raw(&claimed, b"").end());
    assert!(sentence.contains("'huge'") && sentence.contains("packed size"), "{sentence}");
    // So is one that is nearly all hole.
    let mut data = b"1\n0\n4\n".to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"data");
    let tape = Tape::default()
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.name", b"holes"),
            ("GNU.sparse.realsize", b"1000000000000"),
        ])
        .raw(&entry(b'0', "x"), &data);
    assert!(refusal(tape.end()).contains("'holes'"));
    // A name of gigabytes never reaches memory.
    let name = Entry { size: 8 << 30, ..entry(b'L', "././@LongLink") };
    assert!(refusal(Tape::default().raw(&name, b"").end()).contains("1 MiB"));
    // Zeros after the end of the archive count too: 1.25 GiB packed by zstd into some kilobytes.
    let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut packer, &Tape::default().file("a", "x").end()).unwrap();
    let zeros = vec![0u8; 1 << 20];
    for _ in 0..1280 {
        std::io::Write::write_all(&mut packer, &zeros).unwrap();
    }
    let store = store();
    let error = unpack_blob(&store, &packer.finish().unwrap(), &Digest::of(b"")).unwrap_err();
    assert!(error.to_string().contains("more than is allowed"), "{error}");
    store.assert_valid();
    // The same as an archive of images.
    let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let claimed = Entry { size: 1280 << 20, ..entry(b'0', "layer.tar") };
    std::io::Write::write_all(&mut packer, &Tape::default().raw(&claimed, b"").0).unwrap();
    for _ in 0..1280 {
        std::io::Write::write_all(&mut packer, &zeros).unwrap();
    }
    let error = store.load(&packer.finish().unwrap()[..]).unwrap_err();
    assert!(error.to_string().contains("more than is allowed"), "{error}");
    store.assert_valid();
}

#[test]
fn random_damage_never_panics() {
    let tape = Tape::default()
        .dir("d/")
        .pax(&[("path", b"d/long"), ("mtime", b"5.5"), ("SCHILY.xattr.user.a", b"b")])
        .file("x", "content")
        .link(b'1', "h", "d/long")
        .raw(&Entry { device: (5, 1), ..entry(b'3', "dev") }, b"")
        .file("d/.wh..wh..opq", "")
        .file(".wh.gone", "")
        .end();
    let store = store();
    for round in 0..400usize {
        let mut damaged = tape.clone();
        for step in 0..3 {
            let at = (round * 7919 + step * 104_729) % damaged.len();
            damaged[at] ^= (1 << (round % 8)) as u8;
        }
        // Repair the checksums, so that the damage gets further than that.
        for block in damaged.chunks_exact_mut(512).filter(|block| block[257..262] == *b"ustar") {
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let _ = unpack_blob(&store, &damaged, &Digest::of(&damaged));
    }
    store.assert_valid();
}

#[test]
fn a_damaged_packing_is_said() {
    let store = store();
    for (bytes, word) in [(&b"\xfd7zXZ\0rest of it"[..], "xz"), (b"BZh9rest of it", "bz")] {
        let error = unpack_blob(&store, bytes, &Digest::of(b"")).unwrap_err();
        assert!(matches!(error, Error::BrokenStream { .. }) && error.to_string().contains(word), "{error}");
    }
}
