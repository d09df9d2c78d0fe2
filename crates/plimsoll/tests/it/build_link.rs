//! `build`: `COPY --link`, a layer that knows nothing of those below it.

use crate::harness::World;
use crate::saved::files;

/// The digests of an image's layers, lowest first.
#[track_caller]
fn layers(world: &World, image: &str) -> Vec<String> {
    let inspected = world.run(&["inspect", image]).ok().json();
    let layers = inspected[0]["RootFS"]["Layers"].as_array().expect("an image has layers").clone();
    layers.iter().map(|layer| layer.as_str().expect("a digest").to_string()).collect()
}

#[test]
fn a_changed_base_does_not_rebuild_it() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/f", "x");
    world.write("p/d/g", "y");
    let dockerfile = |made: &str| {
        format!(
            "FROM bb\nRUN echo {made} > /made\nWORKDIR /w\nCOPY --link f d /out/\nCOPY --link --chown=app:staff --chmod=600 f owned/\nCOPY f /plain\n"
        )
    };
    world.build(&["-t", "one"], &dockerfile("one")).ok();
    let changed = world.build(&["-t", "two"], &dockerfile("two"));
    let cached = |text: &str| {
        let line = changed.stderr.lines().find(|line| line.contains(text)).unwrap_or_default();
        line.ends_with("cached")
    };
    assert!(cached("COPY --link f d"), "{changed}");
    assert!(cached("COPY --link --chown"), "{changed}");
    assert!(!cached("COPY f /plain"), "{changed}");
    let (one, two) = (layers(&world, "one"), layers(&world, "two"));
    assert_eq!(one[one.len() - 3..one.len() - 1], two[two.len() - 3..two.len() - 1]);
    assert_ne!(one[one.len() - 5], two[two.len() - 5], "the RUN made other files");

    let files = files(&world, "two");
    assert_eq!((files["/out/f"].content.as_str(), files["/out/g"].content.as_str()), ("x", "y"));
    assert_eq!((files["/w/owned/f"].mode, files["/w/owned/f"].owner), (0o600, (1000, 50)));

    // Another base altogether: the same layer again, and nothing to do for it.
    let other = world.build(&["-t", "scratch"], "FROM scratch\nCOPY --link f d /out/\n");
    other.ok().prints(&["1 step (1 cached)"]);
    assert_eq!(layers(&world, "scratch"), one[one.len() - 3..one.len() - 2]);

    // A name is looked up in the image: another account is another owner.
    let renumbered =
        "FROM bb\nRUN sed -i s/^app:x:1000:/app:x:1001:/ /etc/passwd\nCOPY --link --chown=app f /w/f\n";
    world.build(&["-t", "renumbered"], renumbered).ok();
    assert_eq!(crate::saved::files(&world, "renumbered")["/w/f"].owner.0, 1001);
}

#[test]
fn links_of_the_image_are_not_followed_and_it_is_said() {
    let Some(world) = World::with_busybox() else { return };
    world.write("p/f", "x");
    let base = "FROM bb AS base\nRUN mkdir -p /real/tool /tmp && chmod 1777 /tmp && ln -s real /alias && echo kept > /real/kept\nFROM base\n";
    let build = |line: &str| {
        let output = world.build(&["-t", "app"], &format!("{base}{line}\n"));
        output.ok();
        (output, files(&world, "app"))
    };
    let (said, seen) = build("COPY --link f /alias/");
    said.says(&["p/Dockerfile:4", "'/alias', a link to 'real', becomes a directory"]);
    assert_eq!((seen["/alias"].kind, seen["/alias/f"].content.as_str()), ('d', "x"));
    assert!(!seen.contains_key("/real/f"));
    let (said, seen) = build("COPY --link f /real/tool");
    said.says(&["the directory '/real/tool' of the image is replaced"]);
    assert_eq!(seen["/real/tool"].kind, 'f');
    let (said, _) = build("COPY --link f /tmp/f");
    said.says(&["'/tmp' becomes 755 0:0 and was 1777 0:0"]);
    let (said, seen) = build("COPY --link f /real/tool/");
    assert!(!said.stderr.contains("--link looks"), "{said}");
    assert_eq!((seen["/real/tool/f"].content.as_str(), seen["/real/kept"].content.as_str()), ("x", "kept\n"));
}
