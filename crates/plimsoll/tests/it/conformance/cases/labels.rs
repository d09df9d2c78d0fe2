//! Labels of containers.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("label", "docker run reference, -l: KEY=VALUE; a key alone has an empty value")
            .run("create --name {c} -l a=1 --label b='x=y z' --label c bb")
            .hex(64)
            .run("inspect -f '{{json .Config.Labels}}' {c}")
            .has("\"a\":\"1\"")
            .has("\"b\":\"x=y z\"")
            .has("\"c\":\"\""),
        case("label-over-image", "docker run reference, -l: labels of the image are kept or replaced")
            .run("create --name {c} -l b=flag set")
            .hex(64)
            .run("inspect -f '{{.Config.Labels.a}} {{.Config.Labels.b}}' {c}")
            .is("image flag"),
        case("label-file", "docker run reference, --label-file: a label a line; comments and blank lines")
            .file("labels", "# comment\n\na=1\nb=x y\n")
            .run("create --name {c} --label-file {d}/labels -l b=flag bb")
            .hex(64)
            .run("inspect -f '{{.Config.Labels.a}} {{.Config.Labels.b}} {{len .Config.Labels}}' {c}")
            .is("1 flag 2"),
        case("label-file-missing", "docker run reference, Exit status: 125 when a file cannot be read")
            .run("create --name {c} --label-file nofile bb")
            .ends(125)
            .says("nofile"),
        case("label-last-one-wins", "docker run reference, -l: of the same key the last one counts")
            .run("create --name {c} -l a=1 -l a=2 bb")
            .hex(64)
            .run("inspect -f '{{.Config.Labels.a}}' {c}")
            .is("2"),
        case("label-in-ps", "docker ps reference: .Label and .Labels")
            .run("create --name {c} -l a=1 bb")
            .hex(64)
            .run("ps -a --filter name={c} --format '{{.Label \"a\"}}'")
            .is("1")
            .run("ps -a --filter name={c} --format '{{.Labels}}'")
            .is("a=1"),
    ]
}
