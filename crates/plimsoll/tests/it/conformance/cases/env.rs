//! The environment of the process.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("env-values", "docker run reference, -e: NAME=VALUE, of which anything may be the value")
            .run("run --rm -e A=1 -e B= -e 'C=x=y z' bb sh -c 'echo \"$A|${B-unset}|$C\"'")
            .is("1||x=y z"),
        case(
            "env-of-caller",
            "docker run reference, -e: a name alone is taken from the caller, if it is set",
        )
        .run("run --rm -e OUTSIDE -e UNSET bb env")
        .env("OUTSIDE", "1 2")
        .env("LEAK", "leaked")
        .has("OUTSIDE=1 2")
        .lacks("UNSET")
        .lacks("LEAK"),
        case("env-over-image", "docker run reference, ENV: -e replaces a variable of the image")
            .run("run --rm -e B=flag set sh -c 'echo $A $B $C'")
            .is("image flag image"),
        case("env-name-alone-over-image", "docker-run(1), -e: a name that is not set is not set inside")
            .run("run --rm -e A set sh -c 'echo ${A-unset}'")
            .is("unset"),
        case("env-last-one-wins", "docker run reference, -e: of the same name the last one counts")
            .run("run --rm -e A=1 -e A=2 bb sh -c 'env | grep ^A='")
            .is("A=2"),
        case(
            "env-file-lines",
            "docker run reference, --env-file: comments and blank lines; values are not unquoted",
        )
        .file("vars", "# comment\n\nA=1\nB=\"quoted\"\nC='x y'\nD=a=b # no comment\nE=\n")
        .run("run --rm --env-file vars bb sh -c 'echo \"$A|$B|$C|$D|${E-unset}\"'")
        .is("1|\"quoted\"|'x y'|a=b # no comment|"),
        case(
            "env-file-name-alone",
            "docker run reference, --env-file: a name alone is taken from the caller",
        )
        .file("vars", "OUTSIDE\nUNSET\n")
        .run("run --rm --env-file vars bb env")
        .env("OUTSIDE", "1")
        .has("OUTSIDE=1")
        .lacks("UNSET"),
        case(
            "env-file-order",
            "docker run reference, -e: it wins over --env-file, a later file over an earlier",
        )
        .file("one", "A=one\nB=one\nC=one\n")
        .file("two", "B=two\nC=two\n")
        .run("run --rm -e C=flag --env-file one --env-file two bb sh -c 'echo $A $B $C'")
        .is("one two flag"),
        case(
            "env-file-without-last-newline",
            "docker run reference, --env-file: the last line counts as well",
        )
        .file("vars", "A=1\nB=2")
        .run("run --rm --env-file vars bb sh -c 'echo $A$B'")
        .is("12"),
        case("env-file-missing", "docker run reference, Exit status: 125 when a file cannot be read")
            .run("run --rm --env-file nofile bb true")
            .ends(125)
            .says("nofile"),
        case("env-file-blank-in-name", "docker run reference, --env-file: a name has no blanks")
            .file("vars", "A B=1\n")
            .run("run --rm --env-file vars bb true")
            .ends(125)
            .says("A B"),
        case("env-without-name", "docker run reference, -e: '=x' is refused")
            .run("run --rm -e =x bb true")
            .ends(125)
            .says("=x"),
        case("env-path", "docker run reference, ENV: PATH is set where the image has none")
            .run("run --rm bb sh -c 'echo $PATH'")
            .is("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .run("run --rm -e PATH=/bin bb sh -c 'echo $PATH'")
            .is("/bin"),
        case("env-home", "docker run reference, ENV: HOME is that of the user")
            .run("run --rm bb sh -c 'echo $HOME'")
            .is("/root")
            .run("run --rm -e HOME=/x bb sh -c 'echo $HOME'")
            .is("/x"),
        case("env-hostname", "docker run reference, ENV: HOSTNAME is the name of the container's host")
            .run("run --rm --hostname box bb sh -c 'echo $HOSTNAME'")
            .is("box")
            .run("run --rm bb sh -c 'test $HOSTNAME = $(hostname) && echo same'")
            .is("same"),
        case("env-term", "docker run reference, ENV: TERM is xterm with a terminal, and absent without")
            .run("run --rm -t bb sh -c 'echo $TERM'")
            .is("xterm")
            .run("run --rm bb sh -c 'echo ${TERM-unset}'")
            .is("unset")
            .run("run --rm -t -e TERM=vt100 bb sh -c 'echo $TERM'")
            .is("vt100"),
    ]
}
