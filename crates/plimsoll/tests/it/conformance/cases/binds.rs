//! `-v` with directories and files of the host.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("bind-directory", "docker run reference, -v: a directory of the host, which can be written")
            .file("host/in/file", "outside")
            .run("run --rm -v {d}/host:/m bb sh -c 'cat /m/in/file; echo inside > /m/new'")
            .is("outside")
            .read("host/new")
            .is("inside"),
        case("bind-file", "docker run reference, -v: a file of the host over a file")
            .file("motd", "outside")
            .run("run --rm -v {d}/motd:/etc/passwd bb cat /etc/passwd")
            .is("outside"),
        case("bind-read-only", "docker run reference, -v: ro")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/m:ro bb sh -c 'cat /m/file; touch /m/new'")
            .ends(1)
            .is("outside")
            .says("Read-only file system"),
        case("bind-read-write", "docker run reference, -v: rw, which is the default")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/m:rw bb touch /m/new")
            .read("host/new")
            .is(""),
        case(
            "bind-source-is-made",
            "docker run reference, -v: a source that does not exist becomes a directory",
        )
        .run("run --rm -v {d}/missing/deep:/m bb touch /m/new")
        .read("missing/deep/new")
        .is(""),
        case("bind-target-is-made", "docker run reference, -v: the place in the container is made")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/not/there/yet bb cat /not/there/yet/file")
            .is("outside")
            .run("run --rm -v {d}/host/file:/nor/there bb cat /nor/there")
            .is("outside"),
        case(
            "bind-relative-source",
            "docker run reference, -v: ./ and ../ count from the caller's directory",
        )
        .file("host/file", "outside")
        .run("run --rm -v ./host:/m bb cat /m/file")
        .is("outside"),
        case("bind-inside-bind", "docker run reference, -v: the deeper mount is seen, in whatever order")
            .file("outer/sub/file", "outer")
            .file("inner/file", "inner")
            .run("run --rm -v {d}/outer:/m -v {d}/inner:/m/sub bb cat /m/sub/file")
            .is("inner")
            .run("run --rm -v {d}/inner:/m/sub -v {d}/outer:/m bb cat /m/sub/file")
            .is("inner"),
        case("bind-twice", "docker run reference, -v: one source may be mounted twice, one target not")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/a -v {d}/host:/b:ro bb cat /a/file /b/file")
            .is("outsideoutside")
            .run("run --rm -v {d}/host:/a -v {d}/host:/a/ bb true")
            .ends(125)
            .says("/a"),
        case(
            "bind-hides-the-image",
            "docker run reference, -v: nothing of the image is copied into a directory",
        )
        .file("host/file", "outside")
        .run("run --rm -v {d}/host:/data data ls /data")
        .is("file"),
        case("bind-target-relative", "docker run reference, -v: the place is an absolute path")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:m bb true")
            .ends(125),
        case("bind-target-root", "docker run reference, -v: the place cannot be /")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/ bb true")
            .ends(125),
        case("bind-option-unknown", "docker run reference, -v: a known mode")
            .file("host/file", "outside")
            .run("run --rm -v {d}/host:/m:nope bb true")
            .ends(125)
            .says("nope"),
        case(
            "bind-options-together",
            "docker-run(1), -v: options separated by commas, propagation and labels among them",
        )
        .file("host/file", "outside")
        .run("run --rm -v {d}/host:/m:ro,z,rprivate bb sh -c 'cat /m/file; touch /m/new'")
        .ends(1)
        .is("outside")
        .says("Read-only file system"),
        case("bind-in-inspect", "docker inspect: Mounts tell type, source, destination and mode")
            .file("host/file", "outside")
            .run("create --name {c} -v {d}/host:/m:ro bb")
            .hex(64)
            .run("inspect -f '{{range .Mounts}}{{.Type}} {{.Source}} {{.Destination}} {{.RW}}{{end}}' {c}")
            .is("bind {d}/host /m false"),
    ]
}
