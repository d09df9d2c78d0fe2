//! `build --platform`: one index of several images, made without an emulator.

use serde_json::Value;

use plimsoll_testkit::TestRegistry;

use crate::harness::World;
use crate::saved::{digest, files};

/// RUN happens on this machine's processor; what it makes is for the other one.
const CROSS: &str = "FROM --platform=$BUILDPLATFORM bb AS build\nARG TARGETPLATFORM TARGETARCH TARGETVARIANT BUILDPLATFORM\n\
    RUN echo \"$TARGETPLATFORM $TARGETARCH $TARGETVARIANT on $BUILDPLATFORM\" > /for\nFROM scratch\nCOPY --from=build /for /for\n";

fn manifests(world: &World, image: &str) -> Vec<(String, String)> {
    let document = world.run(&["inspect", image]).ok().json()[0].clone();
    let entries = document["Manifests"].as_array().expect("an index").clone();
    let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_string();
    entries.iter().map(|entry| (text(entry, "Platform"), text(entry, "Digest"))).collect()
}

#[test]
fn a_cross_build_needs_no_emulator() {
    let Some(world) = World::with_busybox() else { return };
    let own = plimsoll_model::Platform::host().to_string();
    let words = ["-t", "app", "--platform", "linux/s390x,linux/arm/v6", "--platform", &own];
    let output = world.build(&words, CROSS);
    output.ok().prints(&["app  sha256:", "3 platforms"]).says(&["[linux/s390x build 2/2] RUN"]);
    let found = manifests(&world, "app");
    assert_eq!(
        found.iter().map(|entry| entry.0.as_str()).collect::<Vec<_>>(),
        ["linux/s390x", "linux/arm/v6", &own]
    );
    world.build(&["-o", "out", "--platform", "linux/s390x,linux/arm/v6"], CROSS).ok();
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    assert_eq!(read("out/linux_s390x/for"), format!("linux/s390x s390x  on {own}\n"));
    assert_eq!(read("out/linux_arm_v6/for"), format!("linux/arm/v6 arm v6 on {own}\n"));
    // The image of this machine is the one that is looked at and saved in docker's form.
    assert_eq!(
        files(&world, "app")["/for"].content,
        format!("{own} {} on {own}\n", own.replace("linux/", "").to_string() + " ")
    );
    assert!(digest(&world, "app") != found[2].1, "the name leads to the index");
    let again = world.build(&words, CROSS);
    again.ok();
    assert_eq!(manifests(&world, "app"), found, "equal builds, equal digests");
    // One of them alone has the same digest as in the index.
    world.build(&["-t", "one", "--platform", "linux/s390x"], CROSS).ok();
    assert_eq!(digest(&world, "one"), found[0].1);
    world.assert_store_valid();
    world.assert_nothing_left();
}

#[test]
fn an_index_is_named_listed_saved_pushed_and_removed() {
    let world = World::new();
    world.write("p/f", "text");
    let dockerfile = "FROM scratch\nARG TARGETARCH\nLABEL arch=$TARGETARCH\nCOPY f /\n";
    world.build(&["-t", "app", "--platform", "linux/amd64,linux/arm64"], dockerfile).ok();
    let listed = digest(&world, "app");
    world.run(&["tag", "app", "other:1"]).ok();
    assert_eq!(digest(&world, "other:1"), listed);
    world.run(&["images"]).ok().prints(&["app", "other"]);
    world.run(&["save", "--format", "oci-archive", "-o", "x.tar", "app"]).ok();
    let second = World::new();
    let archive = world.word("x.tar");
    second.run(&["load", "-i", &archive]).ok();
    assert_eq!(digest(&second, "app"), listed, "a whole index is loaded as it is");
    second.assert_store_valid();

    let registry = TestRegistry::start();
    let name = registry.reference("team/app:1").to_string();
    world.run(&["push", "app", &name]).ok().is(&listed);
    for (platform, arch) in [("linux/amd64", "amd64"), ("linux/arm64", "arm64")] {
        let puller = World::new();
        puller.run(&["pull", "--platform", platform, &name]).ok();
        let labels = puller.run(&["inspect", &name]).ok().json()[0]["Config"]["Labels"].clone();
        assert_eq!(labels["arch"], arch, "TARGETARCH of {platform}");
    }

    // As a base it gives the image of each platform.
    world
        .build(&["-t", "child", "--platform", "linux/amd64,linux/arm64"], "FROM app\nLABEL child=yes\n")
        .ok();
    world.run(&["save", "--format", "oci-archive", "-o", "child.tar", "child"]).ok();
    world.build(&["-t", "arm", "--platform", "linux/arm64"], "FROM app\nLABEL child=yes\n").ok();
    let inspected = world.run(&["inspect", "arm"]).ok().json()[0].clone();
    assert_eq!(
        (&inspected["Architecture"], &inspected["Config"]["Labels"]["arch"]),
        (&"arm64".into(), &"arm64".into())
    );
    assert!(manifests(&world, "child").iter().any(|(_, digest)| inspected["Digest"] == digest.as_str()));

    let before = world.in_store("blobs/sha256").len();
    for name in ["app", "other:1", "child", "arm"] {
        world.run(&["rmi", name]).ok();
    }
    assert!(world.in_store("blobs/sha256").len() < before);
    world.assert_store_valid();
}

#[test]
fn a_run_of_a_foreign_platform_is_refused_before_anything_is_built() {
    let Some(world) = World::with_busybox() else { return };
    let dockerfile = "FROM scratch AS first\nCOPY f /\nFROM first\nRUN echo \\\n  x\nRUN [\"true\"]\n";
    world.write("p/f", "text");
    // No emulator of this one exists, so no machine has it registered.
    let words = ["-o", "out", "--platform", "linux/amd64,linux/loong64"];
    let output = world.build(&words, dockerfile);
    output.ends(4).says(&[
        "PL026",
        "p/Dockerfile:4",
        "p/Dockerfile:6",
        "linux/loong64",
        "$BUILDPLATFORM",
        "binfmt_misc",
    ]);
    assert!(!output.stderr.contains(" [linux"), "nothing was built: {output}");
    assert!(!world.path("out").exists());
}
