//! Where the process stands.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("workdir-default", "docker run reference, WORKDIR: it is / if nobody says otherwise")
            .run("run --rm bb pwd")
            .is("/"),
        case("workdir-of-image", "docker run reference, WORKDIR: the image's holds, -w replaces it")
            .run("run --rm set pwd")
            .is("/home/app/w")
            .run("run --rm -w /tmp set pwd")
            .is("/tmp"),
        case("workdir-is-made", "docker run reference, -w: a directory that does not exist is made")
            .run("run --rm -w /new/made bb sh -c 'pwd; stat -c %u:%g:%a /new/made'")
            .is("/new/made\n0:0:755"),
        case("workdir-relative", "docker run reference, -w: the path has to be absolute")
            .run("run --rm -w relative bb true")
            .ends(125)
            .says("relative"),
        case("workdir-is-cleaned", "docker run reference, -w: the path is cleaned")
            .run("run --rm -w /tmp/../tmp/./ bb pwd")
            .is("/tmp"),
        case("workdir-is-no-directory", "docker run reference, Exit status: 125 when it cannot be entered")
            .run("run --rm -w /etc/passwd bb true")
            .ends(125),
        case("workdir-in-volume", "docker run reference, -w: it may lie in a volume")
            .run("run --rm -v {v}:/vol -w /vol/deep bb sh -c 'pwd; touch here'")
            .is("/vol/deep")
            .run("run --rm -v {v}:/vol bb ls /vol/deep")
            .is("here"),
        case("exec-workdir", "docker exec reference, -w: another directory; without it the container's")
            .run("run -d --name {c} -w /home obey")
            .run("exec {c} pwd")
            .is("/home")
            .run("exec -w /tmp {c} pwd")
            .is("/tmp"),
        case(
            "exec-workdir-missing",
            "docker exec reference, -w: a directory that does not exist is an error",
        )
        .run("run -d --name {c} obey")
        .run("exec -w /not/there {c} pwd")
        .ends(126),
    ]
}
