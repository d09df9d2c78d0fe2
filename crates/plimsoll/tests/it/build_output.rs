//! `build -o`: every form of output, as independent tools read it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use plimsoll_testkit::TestRegistry;
use serde_json::Value;

use crate::harness::{Ids, World, ids};
use crate::saved::{digest, files};

const TREE: &str = "FROM bb AS base\nRUN mkdir /d && echo one > /d/a && echo gone > /d/gone\n\
    FROM base\nRUN rm /d/gone && ln /d/a /d/b && ln -s ../etc/passwd /d/l && chmod 4711 /d/a && mkfifo /d/p && chmod 700 /d\nCOPY --chown=5:6 f /owned\n";

/// The entries of a tar by name: kind, mode, owner, link or bytes.
fn tar_entries(bytes: &[u8]) -> BTreeMap<String, (tar::EntryType, u32, (u64, u64), String)> {
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        let link = entry.link_name().expect("a link").map(|link| link.display().to_string());
        let mut text = Vec::new();
        entry.read_to_end(&mut text).expect("its bytes");
        let header = entry.header();
        let owner = (header.uid().expect("a number"), header.gid().expect("a number"));
        let mode = header.mode().expect("a number");
        let text = link.unwrap_or_else(|| String::from_utf8_lossy(&text).into_owned());
        let again = found.insert(path.clone(), (header.entry_type(), mode, owner, text));
        assert!(again.is_none(), "'{path}' stands twice in the archive");
    }
    found
}

fn layout(path: &Path) -> (Value, Value) {
    let read = |name: &str| std::fs::read(path.join(name)).expect("a file of the layout");
    let json = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let index = json(read("index.json"));
    let digest = index["manifests"][0]["digest"].as_str().expect("a digest").replace("sha256:", "");
    (index, json(read(&format!("blobs/sha256/{digest}"))))
}

#[test]
fn the_files_as_tar_have_the_images_owners_and_modes() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/f", "text");
    let output = world.build(&["-o", "-"], TREE);
    output.ok().says(&["sha256:"]);
    let found = tar_entries(&output.bytes);
    assert_eq!(found["d/"].1, 0o700);
    assert_eq!((found["d/a"].1, found["d/a"].3.as_str()), (0o4711, "one\n"));
    assert_eq!((found["d/b"].0, found["d/b"].3.as_str()), (tar::EntryType::Link, "d/a"));
    assert_eq!((found["d/l"].0, found["d/l"].3.as_str()), (tar::EntryType::Symlink, "../etc/passwd"));
    assert_eq!(found["d/p"].0, tar::EntryType::Fifo);
    assert!(
        found.keys().all(|name| !name.contains("gone") && !name.contains(".wh.")),
        "whiteouts are resolved"
    );
    assert_eq!(found["owned"].2, (5, 6), "the true owner, whatever ids this user has");
    let again = world.build(&["-o", "type=tar,dest=x.tar"], TREE);
    again.ok().prints(&["sha256:"]);
    assert_eq!(std::fs::read(world.path("x.tar")).unwrap(), output.bytes, "the same image, the same bytes");
    world.run(&["images", "-q"]).ok();
    assert!(!world.run(&["images"]).ok().stdout.contains("<none>"), "files are no image of the store");
}

#[test]
fn a_hard_link_survives_the_removal_of_its_first_name() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile =
        "FROM bb\nRUN mkdir /d && echo one > /d/a && ln /d/a /d/b && ln /d/a /d/c\nRUN rm /d/a\n";
    let output = world.build(&["-o", "-"], dockerfile);
    output.ok();
    let found = tar_entries(&output.bytes);
    assert_eq!(found["d/b"].3, "one\n");
    assert_eq!((found["d/c"].0, found["d/c"].3.as_str()), (tar::EntryType::Link, "d/b"));
    world.build(&["-o", "out"], dockerfile).ok();
    let inode = |name: &str| std::fs::metadata(world.path(name)).unwrap().ino();
    assert_eq!(inode("out/d/b"), inode("out/d/c"));
}

#[test]
fn the_files_as_files() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/f", "text");
    let output = world.build(&["-o", "out"], TREE);
    output.ok();
    let mode =
        |name: &str| std::fs::symlink_metadata(world.path(name)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("out/d"), mode("out/d/a")), (0o700, 0o4711));
    let metadata = std::fs::symlink_metadata(world.path("out/d/a")).unwrap();
    assert_eq!((metadata.nlink(), metadata.mtime()), (2, 0));
    assert_eq!(std::fs::read_link(world.path("out/d/l")).unwrap(), Path::new("../etc/passwd"));
    let owned = std::fs::metadata(world.path("out/owned")).unwrap();
    match ids() {
        Ids::Root => assert_eq!((owned.uid(), owned.gid()), (5, 6)),
        Ids::Range => assert_ne!(owned.uid(), rustix::process::geteuid().as_raw()),
        Ids::Single => drop(output.says(&["warning: this user may not set 1 owner;", "type=tar has them"])),
    }
    assert!(
        world.in_store("../out").iter().all(|name| !name.starts_with(".plimsoll")),
        "nothing is left over"
    );
}

#[test]
fn an_existing_directory_keeps_what_the_image_does_not_have() {
    let world = World::new();
    world.write("p/new", "new");
    let dockerfile = "FROM scratch\nCOPY new /sub/file\n";
    world.write("out/kept", "kept");
    world.write("out/sub/file", "old");
    world.build(&["-o", "type=local,dest=out"], dockerfile).ok();
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert_eq!((read("out/kept"), read("out/sub/file")), ("kept".into(), "new".into()));
    // A link of the destination is never followed: what it leads to is not the image's.
    std::fs::remove_dir_all(world.path("out/sub")).unwrap();
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", world.path("out/sub")).unwrap();
    world.build(&["-o", "out"], dockerfile).ends(1).one_sentence().says(&["out/sub", "no directory"]);
    assert!(std::fs::read_dir(world.path("elsewhere")).unwrap().next().is_none());
    assert_eq!(read("out/kept"), "kept");
    let names: Vec<_> =
        std::fs::read_dir(world.path("out")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names.len(), 2, "nothing half written: {names:?}");
    world.write("file", "x");
    world.build(&["-o", "file"], dockerfile).ends(1).one_sentence().says(&["file", "no directory"]);
}

#[test]
fn a_failed_build_leaves_what_was_there() {
    let Some(world) = World::with_busybox() else { return };
    for name in ["x.tar", "id", "meta"] {
        world.write(name, "old");
    }
    let words = ["-o", "out", "-o", "type=oci,dest=x.tar", "--iidfile", "id", "--metadata-file", "meta"];
    world.build(&words, "FROM bb\nRUN exit 3\n").ends(4);
    for name in ["x.tar", "id", "meta"] {
        assert_eq!(std::fs::read_to_string(world.path(name)).unwrap(), "old");
    }
    assert!(!world.path("out").exists());
}

#[test]
fn an_oci_archive_is_what_skopeo_and_load_read() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app:1", "-t", "app:2", "-o", "type=oci,dest=x.tar"], "FROM bb\nLABEL a=b\n").ok();
    assert!(!world.run(&["images"]).ok().stdout.contains("app"), "an archive is no image of the store");
    let other = World::new();
    let archive = world.word("x.tar");
    other.run(&["load", "-i", &archive]).ok();
    assert_eq!(other.run(&["inspect", "app:2"]).ok().json()[0]["Config"]["Labels"]["a"], "b");
    assert_eq!(digest(&other, "app:1"), digest(&other, "app:2"));
    if let Some(skopeo) = plimsoll_testkit::program("skopeo") {
        let words = ["inspect", "--raw", &format!("oci-archive:{archive}:docker.io/library/app:1")];
        let output = Command::new(skopeo).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn an_oci_directory() {
    let world = World::new();
    world.write("p/f", "text");
    let dockerfile = "FROM scratch\nCOPY f /\n";
    world.build(&["-t", "app", "-o", "type=oci,tar=false,dest=d"], dockerfile).ok();
    let (index, manifest) = layout(&world.path("d"));
    assert_eq!(
        index["manifests"][0]["annotations"]["io.containerd.image.name"],
        "docker.io/library/app:latest"
    );
    assert_eq!(manifest["layers"][0]["mediaType"], "application/vnd.oci.image.layer.v1.tar+gzip");
    world.build(&["-o", "type=oci,tar=false,dest=d"], "FROM scratch\nCOPY f /g\n").ok();
    assert_ne!(layout(&world.path("d")).1, manifest, "a second build replaces the index");
}

#[test]
fn docker_archives_hold_one_image() {
    let world = World::new();
    world.write("p/f", "text");
    let dockerfile = "FROM scratch\nCOPY f /\n";
    let output = world.build(&["-t", "app", "-o", "type=docker,dest=-"], dockerfile);
    output.ok();
    let manifest: Value = serde_json::from_str(&tar_entries(&output.bytes)["manifest.json"].3).unwrap();
    assert_eq!(manifest[0]["RepoTags"][0], "app:latest");
    let two = ["-o", "type=docker,dest=x", "--platform", "linux/amd64,linux/arm64"];
    world.build(&two, dockerfile).ends(2).one_sentence().says(&["type=oci"]);
}

#[test]
fn layers_are_packed_as_asked() {
    let world = World::new();
    world.write("p/f", "text ".repeat(1000));
    world.build(&["-t", "base"], "FROM scratch\nCOPY f /base\n").ok();
    let dockerfile = "FROM base\nCOPY f /own\n";
    let kinds = |words: &str| {
        let spec = format!("type=oci,tar=false,dest=d{words}");
        world.build(&["-o", &spec], dockerfile).ok();
        let manifest = layout(&world.path("d")).1;
        let layers = manifest["layers"].as_array().unwrap().iter();
        let kinds: Vec<String> = layers
            .map(|layer| layer["mediaType"].as_str().unwrap().rsplit('.').next().unwrap().to_string())
            .collect();
        (kinds.join(" "), manifest["config"]["digest"].clone())
    };
    let plain = kinds("");
    assert_eq!(plain.0, "tar+gzip tar+gzip");
    assert_eq!(kinds(",compression=zstd").0, "tar+gzip tar+zstd", "the base's layer stays");
    assert_eq!(kinds(",compression=zstd,force-compression=true").0, "tar+zstd tar+zstd");
    assert_eq!(kinds(",compression=uncompressed,force-compression=true").0, "tar tar");
    assert_eq!(
        kinds(",compression=zstd,compression-level=19"),
        ("tar+gzip tar+zstd".into(), plain.1),
        "one id"
    );
    // Into the store: the same files, whatever their packing.
    world.build(&["-t", "app"], dockerfile).ok();
    world
        .build(&["-t", "packed", "-o", "type=image,compression=zstd,force-compression=true"], dockerfile)
        .ok();
    assert_ne!(digest(&world, "packed"), digest(&world, "app"));
    assert_eq!(files(&world, "packed"), files(&world, "app"));
    world.assert_store_valid();
    let docker = kinds(",oci-mediatypes=false");
    assert_eq!(docker.0, "gzip gzip");
    assert_eq!(
        layout(&world.path("d")).1["mediaType"],
        "application/vnd.docker.distribution.manifest.v2+json"
    );
}

#[test]
fn packed_layers_have_fixed_digests() {
    let world = World::new();
    world.write("p/f", "plimsoll\n".repeat(100_000));
    let blob = |words: &str| {
        let spec = format!("type=oci,tar=false,dest=d,force-compression=true{words}");
        world.build(&["-o", &spec], "FROM scratch\nCOPY --chmod=644 f /f\n").ok();
        layout(&world.path("d")).1["layers"][0]["digest"].as_str().unwrap().to_string()
    };
    assert_eq!(
        blob(",compression=uncompressed"),
        "sha256:a26977ebc67f5cb2604fce5ec1b26768d83fa6929bce17e6bf5a52e52fc71674"
    );
    assert_eq!(
        blob(",compression=zstd"),
        "sha256:8d7605f233d9444d2d183056ee439351a127f54769be88c6a8d3d64ed04e6fe8"
    );
    assert_eq!(
        blob(",compression=gzip,compression-level=9"),
        "sha256:021813e6b83a11cef13b7d8971e7579bdbd5584857bb9c585a0e477c9022f1e2"
    );
}

#[test]
fn several_outputs_of_one_build_and_a_push() {
    let world = World::new();
    world.write("p/f", "text");
    let registry = TestRegistry::start();
    let name = registry.reference("team/app:1").to_string();
    let words = [
        "-t",
        &name,
        "--push",
        "--label",
        "a=b",
        "-o",
        "out",
        "-o",
        "type=oci,dest=x.tar",
        "--metadata-file",
        "m.json",
    ];
    world.build(&words, "FROM scratch\nLABEL a=a c=d\nCOPY f /\n").ok();
    assert_eq!(std::fs::read_to_string(world.path("out/f")).unwrap(), "text");
    let other = World::new();
    other.run(&["pull", &name]).ok();
    let labels = other.run(&["inspect", &name]).ok().json()[0]["Config"]["Labels"].clone();
    assert_eq!(labels, serde_json::json!({ "a": "b", "c": "d" }), "--label comes after the Dockerfile's");
    let metadata: Value = serde_json::from_slice(&std::fs::read(world.path("m.json")).unwrap()).unwrap();
    assert_eq!(metadata["containerimage.digest"], digest(&other, &name));
    assert_eq!(metadata["image.name"], name);
    world.build(&["--push"], "FROM scratch\nCOPY f /\n").ends(2).one_sentence().says(&["without a name"]);
}

#[test]
fn ids_and_metadata_for_scripts() {
    let world = World::new();
    world.write("p/f", "text");
    let words = ["-q", "-t", "app", "--iidfile", "id", "--metadata-file", "m.json"];
    let output = world.build(&words, "FROM scratch\nCOPY f /\n");
    let inspected = world.run(&["inspect", "app"]).ok().json()[0].clone();
    let id = inspected["Id"].as_str().unwrap();
    output.ok().is(id);
    assert!(output.stderr.is_empty(), "{output}");
    assert_eq!(std::fs::read_to_string(world.path("id")).unwrap(), id);
    let metadata: Value = serde_json::from_slice(&std::fs::read(world.path("m.json")).unwrap()).unwrap();
    assert_eq!(metadata["containerimage.config.digest"], id);
    assert_eq!(metadata["containerimage.digest"], inspected["Digest"]);
    let descriptor = &metadata["containerimage.descriptor"];
    assert_eq!(descriptor["digest"], inspected["Digest"]);
    assert_eq!(descriptor["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(metadata["image.name"], "docker.io/library/app:latest");
}

#[test]
fn annotations_go_where_they_are_meant() {
    let world = World::new();
    world.write("p/f", "text");
    let dockerfile = "FROM scratch\nLABEL l=v\nCOPY f /\n";
    let words = [
        "--annotation",
        "k=v",
        "--annotation",
        "manifest-descriptor:d=v",
        "-o",
        "type=oci,tar=false,dest=d,annotation.o=v",
    ];
    world.build(&words, dockerfile).ok();
    let (index, manifest) = layout(&world.path("d"));
    assert_eq!(
        manifest["annotations"],
        serde_json::json!({ "k": "v", "o": "v" }),
        "labels are no annotations"
    );
    assert_eq!(index["manifests"][0]["annotations"]["d"], "v");
    let several = [
        "--platform",
        "linux/amd64,linux/arm64",
        "--annotation",
        "index,manifest[linux/arm64]:k=v",
        "--annotation",
        "manifest-descriptor:d=v",
        "--annotation",
        "index-descriptor:i=v",
        "-o",
        "type=oci,tar=false,dest=e",
    ];
    world.build(&several, dockerfile).ok();
    let (index, listed) = layout(&world.path("e"));
    assert_eq!(index["manifests"][0]["annotations"]["i"], "v");
    assert_eq!(listed["annotations"]["k"], "v");
    assert_eq!(listed["manifests"][0]["annotations"]["d"], "v");
    let manifest = |number: usize| -> Value {
        let digest = listed["manifests"][number]["digest"].as_str().unwrap().replace("sha256:", "");
        serde_json::from_slice(&std::fs::read(world.path("e/blobs/sha256").join(digest)).unwrap()).unwrap()
    };
    assert_eq!(manifest(0).get("annotations"), None);
    assert_eq!(manifest(1)["annotations"]["k"], "v");
    world.build(&["--annotation", "index:k=v"], dockerfile).ends(2).one_sentence().says(&["'k'", "index"]);
    world.build(&["--annotation", "manifest[linux/s390x]:k=v"], dockerfile).ends(2).says(&["s390x"]);
}

#[test]
fn mistakes_are_told_before_anything_is_built() {
    let world = World::new();
    let cases: &[(&[&str], &[&str])] = &[
        (&["-o", "type=ocl,dest=x"], &["did you mean 'oci'?"]),
        (&["-o", "type=oci,compresion=zstd"], &["did you mean 'compression'?"]),
        (&["-o", "-", "-o", "type=oci,dest=-"], &["standard output"]),
        (&["-q", "-o", "-"], &["--iidfile"]),
        (&["--annotation", "k"], &["KEY=VALUE"]),
        (&["--label", "=v"], &["names no label"]),
        (&["--platform", "linux/amd46"], &["'linux/amd46'", "linux/arm64"]),
        (&["--provenance=mode=mid"], &["min and max"]),
        (&["--progress=tty"], &["terminal"]),
        (&["--progress=rawjson"], &["BuildKit", "json"]),
        (&["--squash"], &["--squash is not carried out"]),
        (&["--memory", "1g"], &["--memory is not carried out"]),
        (&["--isolation=default"], &["--isolation is not carried out"]),
    ];
    for (words, said) in cases {
        let output = world.build(words, "FROM nowhere.invalid/x\n");
        output.ends(2).one_sentence().says(said);
    }
    world.build(&["--rm", "--force-rm=true", "-q"], "FROM scratch\n").ok();
}
