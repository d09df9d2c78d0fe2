//! Who the process is.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("user-default", "docker run reference, USER: root if nobody says otherwise")
            .run("run --rm bb sh -c 'id -u; id -g'")
            .is("0\n0"),
        case("user-by-name", "docker run reference, USER: a name brings its group, other groups and home")
            .needs(Needs::Ids)
            .run("run --rm -u app bb sh -c 'echo $(id -u):$(id -g):$(id -G) $HOME'")
            .is("1000:1000:1000 50 /home/app"),
        case("user-by-number", "docker run reference, USER: a number of /etc/passwd is as good as its name")
            .needs(Needs::Ids)
            .run("run --rm --user 1000 bb sh -c 'echo $(id -u):$(id -g):$(id -G) $HOME'")
            .is("1000:1000:1000 50 /home/app"),
        case("user-with-group", "docker run reference, USER: name or number of a group after a colon")
            .run("run --rm -u app:staff bb sh -c 'echo $(id -u):$(id -g)'")
            .is("1000:50")
            .run("run --rm -u 1000:50 bb sh -c 'echo $(id -u):$(id -g)'")
            .is("1000:50")
            .run("run --rm -u app:1234 bb sh -c 'echo $(id -u):$(id -g)'")
            .is("1000:1234"),
        case("user-number-unknown", "docker run reference, USER: a number need not be in /etc/passwd")
            .run("run --rm -u 4321 bb sh -c 'echo $(id -u):$(id -g) $HOME'")
            .is("4321:0 /")
            .run("run --rm -u 4321:1234 bb sh -c 'echo $(id -u):$(id -g) $HOME'")
            .is("4321:1234 /"),
        case("user-name-unknown", "docker run reference, USER: a name has to be in /etc/passwd")
            .run("run --rm -u nobdy bb true")
            .ends(125)
            .says("nobdy"),
        case("user-group-unknown", "docker run reference, USER: the name of a group has to be in /etc/group")
            .run("run --rm -u 0:nogrp bb true")
            .ends(125)
            .says("nogrp"),
        case("user-number-too-large", "docker run reference, USER: numbers go up to 2147483647")
            .run("run --rm -u 2147483648 bb true")
            .ends(125),
        case("user-of-image", "Dockerfile reference, USER: it is the user of containers, -u replaces it")
            .run("run --rm set sh -c 'echo $(id -u) $HOME'")
            .is("1000 /home/app")
            .run("run --rm -u 0 set sh -c 'echo $(id -u) $HOME'")
            .is("0 /root"),
        case("user-has-no-rights", "docker run reference: only root has capabilities")
            .run("run --rm -u app bb sh -c 'grep CapEff /proc/self/status | cut -f2; touch /etc/x'")
            .ends(1)
            .is("0000000000000000"),
        case("group-add", "docker run reference, --group-add: names and numbers of more groups")
            .needs(Needs::Ids)
            .run("run --rm -u app --group-add nogrp --group-add 4242 bb true")
            .ends(125)
            .run("run --rm -u 1234:1234 --group-add staff --group-add 4242 bb id -G")
            .is("1234 50 4242"),
        case("exec-user", "docker exec reference, -u: another user; without it the container's")
            .run("run -d --name {c} -u app obey")
            .run("exec {c} id -u")
            .is("1000")
            .run("exec -u 0 {c} sh -c 'echo $(id -u) $HOME'")
            .is("0 /root")
            .run("exec -u 4321:1234 {c} sh -c 'echo $(id -u):$(id -g)'")
            .is("4321:1234")
            .run("exec -u nobdy {c} true")
            .ends(126),
        case("home-is-written", "docker run reference, ENV: HOME is known to exec as well")
            .run("run -d --name {c} obey")
            .run("exec -u app {c} sh -c 'echo $HOME'")
            .is("/home/app")
            .run("exec -e HOME=/x {c} sh -c 'echo $HOME'")
            .is("/x"),
    ]
}
