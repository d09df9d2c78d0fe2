//! `top`, `stats`, `events`.

use crate::conformance::case::{Case, Needs, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("top", "docker top reference: the processes of a container")
            .run("run -d --name {c} bb sleep 1000")
            .run("top {c}")
            .like("*PID*\n*sleep 1000*")
            .run("run -d --name {b} bb sh -c 'sleep 2000 & sleep 3000'")
            .run("top {b}")
            .has("sleep 2000")
            .has("sleep 3000")
            .eventually(),
        case("top-options", "docker top reference: options of ps")
            .run("run -d --name {c} bb sleep 1000")
            .run("top {c} -o pid,args")
            .like("*PID*COMMAND\n*sleep 1000"),
        case("top-not-running", "docker top reference: only what runs")
            .run("run --name {c} bb true")
            .run("top {c}")
            .fails()
            .run("top no-such")
            .fails()
            .says("no-such"),
        case("stats", "docker stats reference, --no-stream: one look; a table, or a template a line")
            .needs(Needs::Root)
            .run("run -d --name {c} -m 64m bb sleep 1000")
            .keep("id")
            .run("stats --no-stream {c}")
            .has("NAME")
            .has("CPU %")
            .has("MEM USAGE / LIMIT")
            .has("{c}")
            .run("stats --no-stream --format '{{.Name}}' {c}")
            .is("{c}")
            .run("stats --no-stream --format '{{.MemUsage}}' {c}")
            .like("*B / 64MiB")
            .run("stats --no-stream --format '{{.CPUPerc}} {{.MemPerc}} {{.PIDs}}' {c}")
            .like("*% *% 1"),
        case("stats-unknown", "docker stats reference: a container that does not exist is an error")
            .run("stats --no-stream no-such")
            .fails()
            .says("no-such"),
        case("events", "docker events reference: create, start, die and others, of a time that has passed")
            .run("run --name {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("events --since 1h --until 1s --filter container={c} --format '{{.Status}}'")
            .eventually()
            .has("create")
            .has("start")
            .has("die"),
        case("events-line", "docker events reference: time, type, what happened, id, and what is known of it")
            .run("run --name {c} bb true")
            .run("inspect -f '{{.Id}}' {c}")
            .keep("id")
            .run("events --since 1h --until 1s --filter container={c} --filter event=start")
            .eventually()
            .like("20*T* container start {id} (*image=bb*name={c}*)"),
        case("events-exit-code", "docker events reference: die tells the exit code")
            .run("run --name {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("events --since 1h --until 1s --filter container={c} --filter event=die")
            .eventually()
            .has("exitCode=3"),
        case("events-filter", "docker events reference, --filter: event, label and type")
            .run("run --rm --name {c} --label {c} bb true")
            .run("events --since 1h --until 1s --filter label={c} --filter event=create --format '{{.Status}} {{.Type}}'")
            .eventually()
            .is("create container")
            .run("events --since 1h --until 1s --filter label={c} --filter type=volume")
            .eventually()
            .is(""),
        case("events-follow", "docker events reference: without --until it goes on")
            .run("create --name {c} bb")
            .hex(64)
            .begin("events --since 1h --filter container={c} --format '{{.Status}}'")
            .ends(137)
            .has("create")
            .read("begun")
            .has("create")
            .eventually()
            .run("start -a {c}")
            .read("begun")
            .has("start")
            .has("die")
            .eventually()
            .signal("KILL"),
    ]
}
