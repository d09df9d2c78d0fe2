//! `logs`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("logs", "docker logs reference: standard output and standard error, each where it belongs")
            .run("run --name {c} bb sh -c 'echo out; echo err >&2'")
            .run("logs {c}")
            .is("out")
            .says("err"),
        case("logs-tail", "docker logs reference, -n: the last lines; all")
            .run("run --name {c} bb seq 5")
            .run("logs --tail 2 {c}")
            .is("4\n5")
            .run("logs --tail=0 {c}")
            .is("")
            .run("logs --tail 99 {c}")
            .is("1\n2\n3\n4\n5")
            .run("logs --tail all {c}")
            .is("1\n2\n3\n4\n5")
            .run("logs -n 1 {c}")
            .is("5"),
        case("logs-timestamps", "docker logs reference, -t: a time in RFC 3339 before each line")
            .run("run --name {c} bb echo x")
            .run("logs -t {c}")
            .like("20*-*T*:*:*.* x"),
        case("logs-since-until", "docker logs reference, --since and --until: a time, or how long ago")
            .run("run --name {c} bb echo x")
            .run("logs --since 2000-01-02T03:04:05Z {c}")
            .is("x")
            .run("logs --since 1h {c}")
            .is("x")
            .run("logs --until 2000-01-02T03:04:05Z {c}")
            .is("")
            .run("logs --until 1h {c}")
            .is("")
            .run("logs --since 2999-01-02T03:04:05Z {c}")
            .is("")
            .run("logs --since 946782245 {c}")
            .is("x"),
        case("logs-follow", "docker logs reference, -f: goes on until the end")
            .run("run -d --name {c} bb sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done; echo end'")
            .run("logs -f {c}")
            .is("1\n2\n3\nend"),
        case("logs-follow-tail", "docker logs reference, -f: of what has ended the last lines, no more")
            .run("run --name {c} bb seq 5")
            .run("logs -f --tail 2 {c}")
            .is("4\n5"),
        case("logs-of-all-runs", "docker logs reference: of every start of the container")
            .run("run --name {c} bb echo x")
            .run("start -a {c}")
            .run("logs {c}")
            .is("x\nx"),
        case("logs-of-terminal", "docker logs reference: with a terminal everything is standard output")
            .run("run -t --name {c} bb sh -c 'echo out; echo err >&2'")
            .run("logs {c}")
            .is("out\nerr"),
        case("logs-long-line", "docker logs reference: a long line is one line")
            .run("run --name {c} bb sh -c 'head -c 100000 /dev/zero | tr \"\\0\" x; echo'")
            .run("logs {c}")
            .bytes(100_001),
        case("logs-unknown", "docker logs reference: a container that does not exist is an error")
            .run("logs no-such")
            .fails()
            .says("no-such"),
        case("logs-invalid", "docker logs reference, --since: a time")
            .run("create --name {c} bb")
            .hex(64)
            .run("logs --since yesterday {c}")
            .fails()
            .says("yesterday"),
        case("log-opt", "docker run reference, --log-driver and --log-opt: size and number of files")
            .run("run --name {c} --log-opt max-size=10m bb echo x")
            .is("x")
            .run("logs {c}")
            .is("x"),
        case("log-driver-none", "docker run reference, --log-driver: none keeps nothing")
            .run("run --name {c} --log-driver none bb echo x")
            .is("x")
            .run("logs {c}")
            .fails(),
        case("log-driver-unknown", "docker run reference, --log-driver: a driver there is")
            .run("run --rm --log-driver nope bb true")
            .ends(125),
    ]
}
