//! Which program starts, with which words.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("cmd-of-image", "docker run reference, CMD: without a command the image's CMD runs")
            .run("run --rm entry")
            .is("entry cmd"),
        case("cmd-in-shell-form", "Dockerfile reference, CMD: shell form runs in /bin/sh -c")
            .run("run --rm cmd")
            .is("2"),
        case("command-replaces-cmd", "docker run reference, CMD: a command replaces it, ENTRYPOINT gets it")
            .run("run --rm entry these words")
            .is("entry these words"),
        case("entrypoint-drops-cmd", "docker run reference, ENTRYPOINT: --entrypoint clears the image's CMD")
            .run("run --rm --entrypoint echo entry")
            .is("")
            .run("run --rm --entrypoint echo entry x y")
            .is("x y"),
        case("entrypoint-empty", "docker run reference, ENTRYPOINT: an empty string resets it")
            .run("run --rm --entrypoint '' entry echo x")
            .is("x")
            .run("run --rm --entrypoint= entry echo y")
            .is("y"),
        case(
            "entrypoint-empty-drops-cmd",
            "docker run reference, ENTRYPOINT: then there is no command either",
        )
        .run("run --rm --entrypoint '' entry")
        .ends(125),
        case("entrypoint-in-shell-form", "Dockerfile reference, ENTRYPOINT: shell form takes no arguments")
            .run("run --rm shell lost too")
            .is("shell"),
        case("entrypoint-is-one-word", "docker-run(1), --entrypoint: a string, the name of the program")
            .run("run --rm --entrypoint 'echo x' bb")
            .ends(127),
        case("entrypoint-last-one-wins", "docker run reference: a flag for one value takes the last one")
            .run("run --rm --entrypoint false --entrypoint echo bb x")
            .is("x"),
        case("nothing-to-run", "docker run reference, Exit status: 125 when there is no command")
            .run("run --rm nothing")
            .ends(125)
            .run("run --rm nothing echo x")
            .is("x"),
        case("words-are-not-split", "docker run reference: words after the image are the program's")
            .run("run --rm bb printf '[%s]' 'a b' '' --rm -e '$HOME' '*' --")
            .is("[a b][][--rm][-e][$HOME][*][--]"),
        case("double-dash-ends-flags", "docker CLI: -- ends the flags").run("run --rm -- bb echo x").is("x"),
        case("spellings-of-flags", "docker CLI: values stand after a blank or '=', short flags together")
            .run("run --rm=true -eA=1 -e B=2 --env=C=3 --env D=4 bb sh -c 'echo $A$B$C$D'")
            .is("1234")
            .run("run --rm -iw /tmp bb pwd")
            .is("/tmp"),
        case("flag-that-is-false", "docker CLI: a flag takes =false")
            .run("run --rm=false --name {c} bb true")
            .run("ps -a --filter name={c} --format {{.Names}}")
            .is("{c}"),
        case(
            "program-by-path",
            "docker run reference: a path is taken as it is, a name is looked up in PATH",
        )
        .run("run --rm bb /bin/echo x")
        .is("x")
        .run("run --rm -e PATH=/nowhere bb /bin/echo x")
        .is("x")
        .run("run --rm -e PATH=/nowhere bb echo x")
        .ends(127),
        case(
            "program-by-relative-path",
            "OCI runtime: a path with a slash counts from the working directory",
        )
        .run("run --rm -w /bin bb ./echo x")
        .is("x"),
    ]
}
