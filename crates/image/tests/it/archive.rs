//! oci-archive and docker-archive: what is saved is loaded, what is hostile is refused.

use std::fs;

use plimsoll_image::archive::Format;
use plimsoll_image::{Image, Store};
use plimsoll_model::manifest::{Index, media};
use plimsoll_model::{Digest, Reference};
use plimsoll_testkit::image::{image, layer, tar_of};
use plimsoll_testkit::store;

use crate::store::collected;
use crate::tape::{Tape, gzip};

fn saved(store: &Store, names: &[&str], format: Format) -> Vec<u8> {
    let images: Vec<Image> = names.iter().map(|name| store.find_image(name).unwrap()).collect();
    let mut archive = Vec::new();
    store.save(&images, format, &mut archive).unwrap();
    archive
}

fn two_images(store: &Store) -> (Digest, Digest) {
    let shared = tar_of(&[("shared", b"s")]);
    let one = image(store, "one:1", &[shared.clone(), tar_of(&[("a", b"1")])]);
    let two = image(store, "localhost:5000/two", &[shared]);
    store.tag(&one, &"uno".parse().unwrap()).unwrap();
    (one, two)
}

#[test]
fn both_forms_come_back() {
    let from = store();
    let (one, _) = two_images(&from);
    let id = from.image(&one).unwrap().config_digest.hex();
    for format in [Format::Oci, Format::Docker] {
        let archive = saved(&from, &[&id, "localhost:5000/two"], format);
        assert_eq!(archive, saved(&from, &[&id, "localhost:5000/two"], format), "reproducible");
        for packed in [archive.clone(), gzip(&archive), zstd::encode_all(&archive[..], 1).unwrap()] {
            let to = store();
            let loaded = to.load(&packed[..]).unwrap();
            let mut names: Vec<String> =
                loaded.iter().flat_map(|image| &image.references).map(Reference::canonical).collect();
            names.sort();
            assert_eq!(
                names,
                ["docker.io/library/one:1", "docker.io/library/uno:latest", "localhost:5000/two:latest"]
            );
            let image = to.find_image("one:1").unwrap();
            assert_eq!(image.config_bytes, from.image(&one).unwrap().config_bytes);
            assert_eq!(image.manifest_digest == one, format == Format::Oci);
            let fs = to.unpack_image(&image).unwrap();
            assert_eq!(fs::read(fs[1].join("a")).unwrap(), b"1");
            to.assert_valid();
            // Loading again changes nothing.
            let before = fs::read(to.root().join("index.json")).unwrap();
            to.load(&packed[..]).unwrap();
            assert_eq!(fs::read(to.root().join("index.json")).unwrap(), before);
        }
    }
}

#[test]
fn old_docker_archives_with_linked_layers() {
    let from = store();
    let tar = tar_of(&[("a", b"1")]);
    let manifest = image(&from, "x", &[tar.clone(), tar.clone()]);
    let config = from.image(&manifest).unwrap().config_bytes;
    let archive = Tape::default()
        .dir("aaaa/")
        .file("aaaa/VERSION", "1.0")
        .file("aaaa/json", "{}")
        .raw(&crate::tape::entry(b'0', "aaaa/layer.tar"), &tar)
        .dir("bbbb/")
        .symlink("bbbb/layer.tar", "../aaaa/layer.tar")
        .raw(&crate::tape::entry(b'0', "c.json"), &config)
        .file(
            "manifest.json",
            r#"[{"Config":"c.json","RepoTags":["old:1"],"Layers":["aaaa/layer.tar","bbbb/layer.tar"]}]"#,
        )
        .file("repositories", r#"{"old":{"1":"bbbb"}}"#)
        .end();
    let to = store();
    let loaded = to.load(&archive[..]).unwrap();
    assert_eq!((loaded.len(), loaded[0].references[0].to_string().as_str()), (1, "old:1"));
    assert_eq!(to.unpack_image(&to.find_image("old:1").unwrap()).unwrap().len(), 2);
    let older = Tape::default().file("repositories", "{}").end();
    assert!(to.load(&older[..]).unwrap_err().to_string().contains("1.10"));
}

#[test]
fn a_nested_index_gives_the_image_for_this_machine() {
    let from = store();
    let ours = image(&from, "x", &[tar_of(&[("a", b"ours")])]);
    let host = plimsoll_model::Platform::host();
    let blob = |digest: &Digest| from.read_blob(digest, 1 << 20).unwrap();
    let ours_image = from.image(&ours).unwrap();
    let foreign = Digest::of(b"not in the archive");
    let platform = |os: &str, arch: &str| format!(r#""platform":{{"os":"{os}","architecture":"{arch}"}}"#);
    let entry = |digest: &Digest, platform: String| {
        format!(
            r#"{{"mediaType":"{}","digest":"{digest}","size":{},{platform}}}"#,
            media::OCI_MANIFEST,
            ours_image.manifest_bytes.len()
        )
    };
    let inner = format!(
        r#"{{"schemaVersion":2,"manifests":[{},{},{}]}}"#,
        entry(&foreign, platform("unknown", "unknown")),
        entry(&foreign, platform("linux", "s390x")),
        entry(&ours, platform(&host.os, &host.architecture)),
    );
    let inner_digest = Digest::of(inner.as_bytes());
    let outer = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{inner_digest}","size":{},"annotations":{{"org.opencontainers.image.ref.name":"latest","io.containerd.image.name":"docker.io/library/multi:3"}}}}]}}"#,
        media::OCI_INDEX,
        inner.len()
    );
    assert!(serde_json::from_str::<Index>(&outer).is_ok());
    let mut tape = Tape::default()
        .file("oci-layout", "{}")
        .file("index.json", &outer)
        .file(&format!("blobs/sha256/{}", inner_digest.hex()), &inner);
    for digest in [ours, ours_image.config_digest, ours_image.manifest.layers[0].digest] {
        tape = tape.raw(&crate::tape::entry(b'0', &format!("blobs/sha256/{}", digest.hex())), &blob(&digest));
    }
    let to = store();
    let loaded = to.load(&tape.end()[..]).unwrap();
    assert_eq!((loaded[0].manifest, loaded[0].references[0].to_string().as_str()), (ours, "multi:3"));
}

#[test]
fn broken_and_hostile_archives_leave_no_image() {
    let from = store();
    two_images(&from);
    let good = saved(&from, &["one:1"], Format::Oci);
    let docker = saved(&from, &["one:1"], Format::Docker);
    let layer = layer(&from, &tar_of(&[("a", b"1")]));
    let hex = Digest::of(b"promised").hex();
    let config =
        r#"{"rootfs":{"type":"layers","diff_ids":["#.to_string() + &format!("\"{}\"]}}}}", layer.diff_id);
    let image_json = r#"[{"Config":"c.json","RepoTags":["x:1"],"Layers":["l.tar"]}]"#;
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "empty"),
        (b"no archive at all".repeat(60), "checksum"),
        (good[..good.len() / 2].to_vec(), "ends too early"),
        (docker[..docker.len() / 2].to_vec(), ""),
        (Tape::default().file("hello", "x").end(), "no archive of images"),
        (Tape::default().file("../index.json", "{}").end(), "'../index.json'"),
        (Tape::default().file("blobs/sha256/../../x", "").file("blobs/sha256/short", "").end(), "no digest"),
        (Tape::default().file(&format!("blobs/sha256/{hex}"), "other").end(), "was promised"),
        (Tape::default().file("index.json", "{}").end(), "index.json"),
        (Tape::default().file("index.json", r#"{"schemaVersion":2,"manifests":[]}"#).end(), "no image for"),
        (Tape::default().file("manifest.json", image_json).end(), "'c.json'"),
        (Tape::default().file("manifest.json", image_json).file("c.json", &config).end(), "l.tar"),
        (
            Tape::default()
                .file("manifest.json", image_json)
                .file("c.json", &config)
                .file("l.tar", "other")
                .end(),
            "was promised",
        ),
        (
            Tape::default()
                .file("manifest.json", image_json)
                .file("c.json", &config)
                .symlink("l.tar", "l.tar")
                .end(),
            "l.tar",
        ),
        (Tape::default().raw(&crate::tape::entry(b'3', "dev"), b"").end(), "'dev'"),
    ];
    for (archive, expected) in cases {
        let to = store();
        let error = to.load(&archive[..]).unwrap_err().to_string();
        assert!(error.contains(expected), "'{error}' has no '{expected}'");
        assert!(to.images().unwrap().is_empty(), "{error}");
        to.assert_valid();
        collected(&to, &Default::default());
        assert_eq!(fs::read_dir(to.root().join("blobs/sha256")).unwrap().count(), 0);
    }
}
