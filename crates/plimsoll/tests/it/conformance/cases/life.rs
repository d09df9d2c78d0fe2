//! `create`, `start`, `restart`, `rename`, `rm`: from the first to the last of a container.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = beginning();
    cases.extend(start());
    cases.extend(name_and_end());
    cases
}

fn beginning() -> Vec<Case> {
    vec![
        case("create", "docker create reference: the id is printed, and nothing is started")
            .run("create --name {c} bb echo x")
            .hex(64)
            .keep("id")
            .run("inspect -f '{{.Id}} {{.State.Status}} {{.State.Running}} {{.State.Pid}}' {c}")
            .is("{id} created false 0")
            .run("start -a {c}")
            .is("x"),
        case("detach", "docker run reference, -d: the id is printed, and the container runs on")
            .run("run -d --name {c} bb sleep 1000")
            .hex(64)
            .keep("id")
            .run("inspect -f '{{.Id}} {{.State.Status}}' {c}")
            .is("{id} running"),
        case("remove-at-end", "docker run reference, --rm: nothing is left of a container that has ended")
            .run("run --rm --name {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("ps -aq --filter name={c}")
            .is("")
            .eventually()
            .run("run -d --rm --name {c} bb true")
            .run("ps -aq --filter name={c}")
            .is("")
            .eventually(),
        case("remove-at-end-by-stop", "docker run reference, --rm: stop ends it, too")
            .run("run -d --rm --name {c} obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("stop {c}")
            .run("ps -aq --filter name={c}")
            .is("")
            .eventually(),
        case("cidfile", "docker run reference, --cidfile: the id is written to a file, which must not exist")
            .run("run -d --name {c} --cidfile {d}/id bb sleep 1000")
            .keep("id")
            .read("id")
            .is("{id}")
            .run("run --rm --cidfile {d}/id bb true")
            .ends(125)
            .says("id"),
        case("name-taken", "docker run reference, --name: it belongs to one container")
            .run("create --name {c} bb")
            .hex(64)
            .run("run --name {c} bb true")
            .ends(125)
            .says("{c}"),
        case("name-invalid", "docker run reference, --name: [a-zA-Z0-9][a-zA-Z0-9_.-]*")
            .run("run --rm --name 'a b' bb true")
            .ends(125)
            .run("run --rm --name _x bb true")
            .ends(125)
            .run("run --rm --name a/b bb true")
            .ends(125),
        case("name-is-made-up", "docker run reference, --name: without it a name is made up")
            .run("create --label {c} bb")
            .hex(64)
            .keep("id")
            .run("ps -a --filter id={id} --format '<{{.Names}}>'")
            .like("<*_*>")
            .run("rm {id}"),
        case("id-may-be-short", "docker run reference, Container identification: the beginning of an id")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("inspect -f '{{.Id}}' {id12}")
            .is("{id}"),
    ]
}

fn start() -> Vec<Case> {
    vec![
        case("start", "docker start reference: names are printed; what runs is left alone")
            .run("create --name {c} obey")
            .hex(64)
            .run("start {c}")
            .is("{c}")
            .run("inspect -f '{{.State.Status}} {{.State.StartedAt}}' {c}")
            .like("running *")
            .keep("state")
            .run("start {c}")
            .is("{c}")
            .run("inspect -f '{{.State.Status}} {{.State.StartedAt}}' {c}")
            .is("{state}"),
        case("start-attached", "docker start reference, -a: output and exit code are the process's")
            .run("create --name {c} bb sh -c 'echo out; echo err >&2; exit 5'")
            .hex(64)
            .run("start -a {c}")
            .ends(5)
            .is("out")
            .says("err")
            .run("start --attach {c}")
            .ends(5)
            .is("out"),
        case("start-interactive", "docker start reference, -i: standard input is the process's")
            .run("create -i --name {c} bb sh -c 'read x; echo got $x'")
            .hex(64)
            .run("start -a -i {c}")
            .input("typed\n")
            .is("got typed"),
        case("start-keeps-files", "docker start reference: files are those of the last run")
            .run("run --name {c} bb sh -c 'echo x >> /log; wc -l < /log'")
            .is("1")
            .run("start -a {c}")
            .is("2"),
        case(
            "start-unknown",
            "docker start reference: a container that does not exist is an error, others start",
        )
        .run("create --name {c} obey")
        .hex(64)
        .run("start no-such {c}")
        .fails()
        .says("no-such")
        .run("inspect -f '{{.State.Running}}' {c}")
        .is("true"),
        case("start-what-cannot-start", "docker start reference: an error, and the container stays")
            .run("create --name {c} bb no-such-program")
            .hex(64)
            .run("start {c}")
            .fails()
            .says("no-such-program")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("false"),
        case(
            "restart",
            "docker restart reference: what runs is stopped and started, what does not is started",
        )
        .run("run -d --name {c} bb sh -c \"trap 'echo down; exit' TERM; echo up; sleep 1000 & wait\"")
        .run("logs {c}")
        .is("up")
        .eventually()
        .run("restart {c}")
        .is("{c}")
        .run("logs {c}")
        .is("up\ndown\nup")
        .eventually()
        .run("stop {c}")
        .run("restart -t 1 {c}")
        .run("inspect -f '{{.State.Status}}' {c}")
        .is("running"),
        case("restart-unknown", "docker restart reference: a container that does not exist is an error")
            .run("restart no-such")
            .fails()
            .says("no-such"),
    ]
}

fn name_and_end() -> Vec<Case> {
    vec![
        case("rename", "docker rename reference: the new name holds, the old one is free")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("rename {c} {b}")
            .run("inspect -f '{{.Id}}' {b}")
            .is("{id}")
            .run("inspect --type container {c}")
            .fails()
            .run("create --name {c} bb")
            .hex(64)
            .run("rename {c} {b}")
            .fails()
            .says("{b}"),
        case("rename-invalid", "docker rename reference: a valid name, a container that exists")
            .run("create --name {c} bb")
            .hex(64)
            .run("rename {c} 'a b'")
            .fails()
            .run("rename no-such {b}")
            .fails()
            .says("no-such"),
        case("rm", "docker rm reference: names are printed; what does not exist is an error, the others go")
            .run("create --name {c} bb")
            .hex(64)
            .run("create --name {b} bb")
            .hex(64)
            .run("rm {c} no-such {b}")
            .fails()
            .is("{c}\n{b}")
            .says("no-such")
            .run("ps -aq --filter name={c}")
            .is(""),
        case("rm-running", "docker rm reference, -f: what runs is killed, else it is an error")
            .run("run -d --name {c} bb sleep 1000")
            .run("rm {c}")
            .fails()
            .says("running")
            .run("rm -f {c}")
            .is("{c}")
            .run("ps -aq --filter name={c}")
            .is(""),
        case("rm-by-id", "docker rm reference: what was given is printed")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("rm {id12}")
            .is("{id12}"),
    ]
}
