//! `build --build-context`: names for directories and images.

use crate::harness::World;
use crate::saved::{config, files};

#[test]
fn a_directory_is_copied_from_bound_and_built_on() {
    let Some(world) = World::with_busybox() else { return };
    world.write("lib/kept", "kept");
    world.write("lib/ignored", "ignored");
    world.write("lib/.dockerignore", "ignored\n.dockerignore\n");
    world.write("p/.dockerignore", "kept\n");
    let dockerfile = r#"
FROM lib AS base
COPY --from=lib kept /copied
FROM bb
COPY --from=base / /base/
RUN --mount=from=lib,target=/m ls /m > /list
"#;
    let words = ["-t", "app", "--build-context", "lib=lib"];
    world.build(&words, dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!(files["/base/kept"].content, "kept");
    assert_eq!(files["/base/copied"].content, "kept");
    assert_eq!(files["/list"].content, "kept\n");
    assert!(!files.contains_key("/base/ignored"));
    let again = world.build(&words, dockerfile);
    again.ok().says(&["cached"]);
    world.write("lib/kept", "changed");
    world.build(&words, dockerfile).ok();
    assert_eq!(crate::saved::files(&world, "app")["/base/kept"].content, "changed");
    let missing = world.build(&["--build-context", "lib=lib"], "FROM bb\nCOPY --from=lib ignored /\n");
    missing.ends(4).says(&["'ignored' is excluded by lib/.dockerignore:1"]);
}

#[test]
fn a_name_stands_for_a_stage_or_an_image() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "other"], "FROM bb\nENV OTHER=1\nRUN echo other > /which\n").ok();
    world.write("dir/which", "directory\n");
    let dockerfile = "FROM localhost:1/never/fetched:1 AS tools\nRUN false\nFROM bb\nCOPY --from=tools /which /\n\
                      COPY --from=0 /which /by-number\n";
    for (context, expected) in [("tools=docker-image://other", "other\n"), ("tools=dir", "directory\n")] {
        world.build(&["-t", "app", "--build-context", context], dockerfile).ok();
        let files = files(&world, "app");
        assert_eq!(files["/which"].content, expected);
        assert_eq!(files["/by-number"].content, expected, "its number means the same");
    }
    let image = "FROM never/fetched\nRUN echo more > /more\n";
    let words = ["-t", "app", "--build-context", "docker.io/never/fetched:latest=docker-image://other"];
    world.build(&words, image).ok();
    assert_eq!(files(&world, "app")["/which"].content, "other\n");
    assert!(config(&world, "app")["Env"].to_string().contains("OTHER=1"));
    let plan = world.build(&["--plan", "--build-context", "tools=dir"], dockerfile);
    plan.ok();
    assert!(plan.stdout.contains("stage tools from the context tools"), "{plan}");
}

#[test]
fn an_image_of_an_oci_layout() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "other:v2"], "FROM bb\nENV OTHER=2\nRUN echo layout > /which\n").ok();
    // The store itself is one; so is what other tools unpack.
    let from = world.path("store");
    let layout = world.path("layout");
    std::fs::create_dir_all(layout.join("blobs/sha256")).unwrap();
    for name in ["index.json", "oci-layout"] {
        std::fs::copy(from.join(name), layout.join(name)).unwrap();
    }
    for name in world.in_store("blobs/sha256") {
        std::fs::copy(from.join("blobs/sha256").join(&name), layout.join("blobs/sha256").join(&name))
            .unwrap();
    }
    world.run(&["rmi", "other:v2"]).ok();
    let dockerfile = "FROM base AS b\nFROM bb\nCOPY --from=b /which /a\nCOPY --from=base /which /b\n";
    world.build(&["-t", "app", "--build-context", "base=oci-layout://layout:v2"], dockerfile).ok();
    let files = files(&world, "app");
    assert_eq!((files["/a"].content.as_str(), files["/b"].content.as_str()), ("layout\n", "layout\n"));
    let wrong = world.build(&["--build-context", "base=oci-layout://layout:v3"], dockerfile);
    wrong.ends(1).one_sentence().says(&["no image 'v3'", "v2"]);
    // A layout that lies about a blob.
    let blobs = world.in_store("blobs/sha256");
    for name in &blobs {
        std::fs::write(layout.join("blobs/sha256").join(name), "damaged").unwrap();
    }
    let damaged = World::new();
    let path = format!("base=oci-layout://{}", layout.display());
    let failed = damaged.build(&["--build-context", &path], "FROM base\n");
    failed.ends(1).one_sentence();
    damaged.assert_store_valid();
    damaged.assert_nothing_left();
}

#[test]
fn wrong_contexts_are_told() {
    let Some(world) = World::with_busybox() else { return };
    world.write("d/x", "");
    for (given, says) in [
        ("lib", "NAME=DIR"),
        ("=d", "NAME=DIR"),
        ("lib=nowhere", "does not exist"),
        ("lib=https://localhost/x.tar", "cannot be fetched"),
        ("lib=docker-image://UPPER", "lower case"),
    ] {
        world.build(&["--build-context", given], "FROM bb\n").ends(2).says(&[says]);
    }
    let twice = ["--build-context", "a=d", "--build-context", "a:latest=d"];
    world.build(&twice, "FROM bb\n").ends(2).says(&["given twice"]);
}
