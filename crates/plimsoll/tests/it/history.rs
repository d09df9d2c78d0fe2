//! `history` of the images of docker's classic builder, BuildKit, buildah and kaniko.

use plimsoll_image::Store;
use plimsoll_model::{ImageConfig, Platform};
use plimsoll_testkit::image::{layer, tar_of};
use plimsoll_testkit::program;
use serde_json::{Value, json};

use crate::harness::{Ids, World, finish, ids};

/// An image with this history and as many layers as it has lines that made one; the n-th layer has
/// n thousand bytes.
fn image_with(world: &World, name: &str, history: &Value) {
    let store = Store::open(&world.path("store")).expect("a store can be made");
    let entries = history.as_array().expect("a history is a list");
    let count = entries.iter().filter(|entry| entry["empty_layer"] != true).count();
    let layers: Vec<_> =
        (1..=count).map(|n| layer(&store, &tar_of(&[("file", &vec![b'x'; n * 1000])]))).collect();
    let raw = json!({"architecture": "amd64", "os": "linux", "history": history,
        "rootfs": {"type": "layers", "diff_ids": []}});
    let config = ImageConfig::from_json(raw.to_string().as_bytes()).expect("a recorded history");
    let config = ImageConfig { platform: Some(Platform::host()), ..config };
    let manifest = store.create_image(config, &layers).expect("an image can be written");
    store.tag(&manifest, &name.parse().expect("a name")).expect("an image can be named");
    // Sizes of files are known once layers are unpacked.
    let image = store.image(&manifest).expect("the image is there");
    store.unpack_image(&image).expect("layers can be unpacked");
}

fn recorded() -> Value {
    serde_json::from_str(include_str!("recorded/histories.json")).expect("the recording is JSON")
}

/// What all builders made of the same Dockerfile: instruction, layer's size, and of RUN the command.
#[test]
fn sizes_join_the_right_layers_whoever_built() {
    let recorded = recorded();
    for (builder, expected) in [
        ("docker", ["CMD 0", "WORKDIR 4000", "RUN 3000", "RUN 2000", "COPY 1000", "ARG 0"]),
        ("BuildKit", ["CMD 0", "WORKDIR 4000", "RUN 3000", "RUN 2000", "COPY 1000", "ARG 0"]),
        ("buildah layers", ["CMD 0", "WORKDIR 0", "RUN 3000", "RUN 2000", "COPY 1000", "ARG 0"]),
        // Squashed: the last line made the only layer.
        ("buildah", ["CMD 1000", "WORKDIR 0", "RUN 0", "RUN 0", "COPY 0", "ARG 0"]),
        ("kaniko", ["WORKDIR 4000", "RUN 3000", "RUN 2000", "COPY 1000", "", ""]),
    ] {
        let world = World::new();
        image_with(&world, "app", &recorded[builder]);
        let format = "{{.Instruction}} {{.Size}}";
        let history = world.run(&["history", "--human=false", "--format", format, "app"]);
        let shown = ["CMD", "WORKDIR", "RUN", "COPY", "ARG"];
        let lines: Vec<&str> = history.ok().stdout.lines().collect();
        let told: Vec<&&str> =
            lines.iter().filter(|line| shown.iter().any(|word| line.starts_with(word))).collect();
        let expected: Vec<&str> = expected.into_iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(told, expected.iter().collect::<Vec<_>>(), "{builder}: {history}");
        assert!(lines.iter().all(|line| !line.starts_with(' ')), "an instruction in every line: {history}");
        let texts = world.run(&["history", "--format", "{{.Text}}", "app"]);
        texts.ok().prints(&["/w\n"]);
        assert!(!texts.stdout.contains("nop") && !texts.stdout.contains("V=2 "), "{builder}: {texts}");
    }
}

/// docker shows the image's id at its newest step, and no other.
#[test]
fn ids_that_nobody_knows_are_missing() {
    let world = World::new();
    image_with(&world, "app", &recorded()["kaniko"]);
    let id = world.run(&["inspect", "-f", "{{.Id}}", "app"]).ok().stdout.trim().to_string();
    let ids = world.run(&["history", "--no-trunc", "--format", "{{.ID}}", "app"]);
    ids.ok().is(&format!("{id}\n<missing>\n<missing>\n<missing>"));
    // kaniko's year 1 is no time.
    world.run(&["history", "--format", "{{.CreatedSince}}/{{.CreatedAt}}", "app"]).ok().prints(&["N/A/N/A"]);
    world.run(&["history", "app"]).ok().prints(&["LAYER", "N/A", "COPY busybox"]);
}

#[test]
fn forms_of_output_are_dockers() {
    let world = World::new();
    image_with(&world, "app", &recorded()["docker"]);
    let first =
        world.run(&["history", "--format", "json", "app"]).ok().stdout.lines().next().map(str::to_string);
    let first: Value = serde_json::from_str(&first.unwrap_or_default()).expect("a line is JSON");
    for (key, value) in [
        ("CreatedBy", "/bin/sh -ec #(nop)  CMD [\"-c\" \"echo x y\"]"),
        ("CreatedAt", "2026-11-28T14:44:25Z"),
        ("Size", "0B"),
        ("Comment", ""),
        ("Instruction", "CMD"),
    ] {
        assert_eq!(first[key], value, "{key}: {first}");
    }
    let sizes = world.run(&["history", "--format", "table {{.Size}}\t{{.Instruction}}", "app"]);
    sizes.ok().prints(&["SIZE      INSTRUCTION\n0B        CMD\n", "3kB       RUN\n"]);
    world.run(&["history", "--human=false", "app"]).ok().prints(&["CREATED AT", "3000"]);
    world
        .run(&["history", "--format", "{{.CreatedBi}}", "app"])
        .ends(2)
        .one_sentence()
        .says(&["'CreatedBy'"]);
    world.run(&["history", "--format", "jsn", "app"]).ends(2).one_sentence().says(&["'jsn'", "json"]);
}

/// buildah itself, with a layer a step and with one for all.
#[test]
fn buildahs_own_images() {
    if ids() != Ids::Root || program("buildah").is_none() {
        return;
    }
    let world = World::new();
    world.write(
        "p/Dockerfile",
        "FROM scratch\nARG V=1\nCOPY Dockerfile /a\nENV A=b\nCOPY Dockerfile /b\nCMD [\"x\", \"y z\"]\n",
    );
    for (layers, expected) in [("true", "- layer - layer -"), ("false", "layer - - - -")] {
        let buildah = |words: &[&str]| {
            let mut command = std::process::Command::new("buildah");
            let (root, run) = (world.word("buildah"), world.word("buildah-run"));
            command.args(["--root", &root, "--runroot", &run, "--storage-driver", "vfs"]).args(words);
            world.dress(&mut command);
            finish(command, Vec::new())
        };
        let built = buildah(&["bud", &format!("--layers={layers}"), "--format", "docker", "-t", "made", "p"]);
        if built.code != 0 {
            return plimsoll_testkit::skip(&format!("buildah does not work here: {}", built.stderr));
        }
        let archive = format!("docker-archive:{}:made:{layers}", world.word(&format!("{layers}.tar")));
        buildah(&["push", "made", &archive]).ok();
        world.run(&["load", "-i", &format!("{layers}.tar")]).ok();
        let name = format!("made:{layers}");
        let made = "{{if eq .Size \"0\"}}-{{else}}layer{{end}}";
        let made = world.run(&["history", "--human=false", "--format", made, &name]);
        assert_eq!(made.ok().stdout.lines().collect::<Vec<_>>().join(" "), expected);
        let layers = world.run(&["history", "-q", &name]);
        assert_eq!(layers.ok().stdout.lines().count(), expected.matches("layer").count());
        let texts = world.run(&["history", "--format", "{{.Instruction}} {{.Text}}", &name]);
        texts.ok().prints(&["CMD [\"x\", \"y z\"]", "ENV A=b"]);
    }
}
