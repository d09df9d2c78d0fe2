//! `build`: `COPY --parents` and `--exclude`. Cases of BuildKit's own tests
//! (`dockerfile_parents_test.go`, `dockerfile_exclude_patterns_test.go`), with its results.

use std::os::unix::fs::symlink;

use crate::harness::{World, chmod};
use crate::saved::files;

/// The paths of the files (and links) of an image, space between them.
#[track_caller]
fn leaves(world: &World, image: &str) -> String {
    let files = files(world, image);
    let paths = files.iter().filter(|(_, file)| file.kind != 'd').map(|(path, _)| path.as_str());
    paths.collect::<Vec<_>>().join(" ")
}

fn tree() -> World {
    let world = World::new();
    for path in ["a/b/c/d/foo", "a/b/c/d/e/bay", "a/b2/c/d/e/bar", "a/b/c2/d/e/baz", "a/b/c2/d/e2/baz", "top"]
    {
        world.write(&format!("p/test/{path}"), path);
    }
    world
}

#[test]
fn directories_are_kept_from_the_pivot_on() {
    let world = tree();
    let cases = [
        ("test/a/b/c/d/foo /", "/test/a/b/c/d/foo"),
        ("/test/a/b/./c/d /out/", "/out/c/d/e/bay /out/c/d/foo"),
        ("/test/a/b/c/d/. /out/", "/out/test/a/b/c/d/e/bay /out/test/a/b/c/d/foo"),
        ("./test/a/b/c/d /out", "/out/test/a/b/c/d/e/bay /out/test/a/b/c/d/foo"),
        ("/test/a/./b/./c /out/", "/out/b/c/d/e/bay /out/b/c/d/foo"),
        ("test/a/./*/c /out/", "/out/b/c/d/e/bay /out/b/c/d/foo /out/b2/c/d/e/bar"),
        ("/test/a/b*/./c/**/e /out/", "/out/c/d/e/bar /out/c/d/e/bay"),
        ("/test/a/b/c*/./d/**/baz /test/a/b*/./c/**/bar /out/", "/out/c/d/e/bar /out/d/e/baz /out/d/e2/baz"),
        (
            "test/./ /out/",
            "/out/a/b/c/d/e/bay /out/a/b/c/d/foo /out/a/b/c2/d/e/baz /out/a/b/c2/d/e2/baz /out/a/b2/c/d/e/bar /out/top",
        ),
        (
            "--exclude=**/foo --exclude=test/a/b2 test/**/d /",
            "/test/a/b/c/d/e/bay /test/a/b/c2/d/e/baz /test/a/b/c2/d/e2/baz",
        ),
        ("--exclude=c/d/foo test/a/b/./c/d/foo test/top /", "/test/top"),
    ];
    for (words, expected) in cases {
        world.build(&["-t", "app"], &format!("FROM scratch\nCOPY --parents {words}\n")).ok();
        assert_eq!(leaves(&world, "app"), expected, "{words}");
        let staged =
            format!("FROM scratch AS base\nCOPY . /\nFROM scratch\nCOPY --from=base --parents {words}\n");
        world.build(&["-t", "staged"], &staged).ok();
        assert_eq!(leaves(&world, "staged"), expected, "--from: {words}");
    }
    world.build(&["-t", "app"], "FROM scratch\nCOPY --parents --chown=3 --chmod=u=rwX test/top /\n").ok();
    world
        .run(&["history", "--no-trunc", "app"])
        .ok()
        .prints(&["COPY --parents --chown=3 --chmod=u=rwX test/top / # buildkit"]);
}

#[test]
fn kept_directories_look_like_the_sources() {
    let world = tree();
    chmod(&world.path("p/test/a"), 0o700);
    symlink("b", world.path("p/test/a/link")).unwrap();
    symlink("foo", world.path("p/test/a/b/c/d/to-foo")).unwrap();
    let dockerfile = r"
FROM scratch AS base
COPY --parents --chown=7:8 test/a/b/c/d/foo /
FROM scratch
WORKDIR /w
COPY --parents test/a/link/c/d/to-foo .
COPY --parents --from=base /test/a/b/c/d/foo /kept/
COPY --parents --from=base --chown=1:2 --chmod=640 /test/a/b/c/d/foo /changed/
";
    world.build(&["-t", "app"], dockerfile).ok();
    let files = files(&world, "app");
    let seen = |path: &str| (files[path].kind, files[path].mode, files[path].owner);
    assert_eq!(seen("/w/test/a"), ('d', 0o700, (0, 0)));
    assert_eq!(seen("/w/test/a/link").0, 'd', "links in the parents are followed");
    assert_eq!(seen("/w/test/a/link/c/d/to-foo").0, 'l', "a link that is meant itself is kept");
    assert_eq!(seen("/kept/test/a"), ('d', 0o700, (7, 8)));
    assert_eq!(seen("/kept/test/a/b/c/d/foo").2, (7, 8));
    assert_eq!(seen("/changed/test/a"), ('d', 0o640, (1, 2)));

    // A mode of a kept directory is part of what decides.
    chmod(&world.path("p/test/a"), 0o711);
    world.build(&["-t", "app"], "FROM scratch\nCOPY --parents test/a/b/c/d/foo /\n").ok();
    chmod(&world.path("p/test/a"), 0o755);
    world.build(&["-t", "app"], "FROM scratch\nCOPY --parents test/a/b/c/d/foo /\n").ok();
    assert_eq!(crate::saved::files(&world, "app")["/test/a"].mode, 0o755);
}

#[test]
fn what_parents_cannot_find_is_said() {
    let world = tree();
    world.write("p/.dockerignore", "**/bay\n");
    for (words, said) in [
        ("test/a/b/c/d/fo /", "did you mean 'test/a/b/c/d/foo'"),
        ("test/a/x/./c /", "did you mean 'test/a/b/c'"),
        ("test/a/b/c/d/e/bay /", "excluded by p/.dockerignore:1"),
        ("test/top/./x /", "no directory before its '/./'"),
    ] {
        let failed = world.build(&[], &format!("FROM scratch\nCOPY --parents {words}\n"));
        failed.ends(4).one_sentence().says(&[said, "p/Dockerfile:2:16"]);
    }
    let nothing = world.build(&["-t", "app"], "FROM scratch\nCOPY --parents test/**/nothing* test/top /\n");
    nothing.ok().says(&["nothing matches 'test/**/nothing*'"]);
    assert_eq!(leaves(&world, "app"), "/test/top");
}

#[test]
fn exclude_looks_from_the_source_on() {
    let world = World::new();
    for path in
        ["dir1/a.png", "dir1/a.txt", "dir2/b.pdf", "dir2/b.txt", "dir2/sub/c.txt", "home.txt", "home.rs"]
    {
        world.write(&format!("p/{path}"), path);
    }
    for (words, expected) in [
        ("--exclude=*/*.png --exclude=dir2 . /1", "/1/Dockerfile /1/dir1/a.txt /1/home.rs /1/home.txt"),
        ("--exclude=*.pdf --exclude=*.png dir* /2/", "/2/a.txt /2/b.txt /2/sub/c.txt"),
        ("--exclude=**/*.txt dir2 /3", "/3/b.pdf"),
        ("--exclude=* --exclude=!sub dir2 /4", "/4/sub/c.txt"),
        ("--exclude=*.txt hom* /5/", "/5/home.rs"),
    ] {
        world.build(&["-t", "app"], &format!("FROM scratch\nCOPY {words}\n")).ok();
        assert_eq!(leaves(&world, "app"), expected, "{words}");
    }
    let bad = world.build(&[], "FROM scratch\nCOPY --exclude=[ . /\n");
    bad.ends(4).one_sentence().says(&["p/Dockerfile:2:16"]);
}
