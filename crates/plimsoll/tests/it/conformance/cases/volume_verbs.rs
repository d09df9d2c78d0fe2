//! `volume create`, `ls`, `inspect`, `rm`, `prune`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("volume-create", "docker volume create reference: the name is printed, and is that of a volume")
            .run("volume create {v}")
            .is("{v}")
            .run("volume ls -q --filter name={v}")
            .eventually()
            .is("{v}")
            .run("run --rm -v {v}:/m bb touch /m/f"),
        case("volume-create-without-name", "docker volume create reference: without a name one is made up")
            .run("volume create")
            .hex(64)
            .keep("made")
            .run("volume rm {made}")
            .is("{made}"),
        case(
            "volume-create-again",
            "docker volume create reference: a volume that exists with this driver is taken",
        )
        .run("volume create {v}")
        .run("run --rm -v {v}:/m bb touch /m/f")
        .run("volume create {v}")
        .is("{v}")
        .run("run --rm -v {v}:/m bb ls /m")
        .is("f"),
        case("volume-create-invalid", "docker volume create reference: names are [a-zA-Z0-9][a-zA-Z0-9_.-]*")
            .run("volume create 'bad name'")
            .fails(),
        case("volume-create-driver-unknown", "docker volume create reference, --driver: local is built in")
            .run("volume create --driver local {v}")
            .is("{v}")
            .run("volume create --driver nope {w}")
            .fails()
            .says("nope"),
        case("volume-labels", "docker volume create reference, --label: shown, and to be filtered by")
            .run("volume create --label color=red --label {v} {v}")
            .run("volume create --label color=blue --label {v} {w}")
            .run("volume inspect -f '{{.Labels.color}}' {v} {w}")
            .is("red\nblue")
            .run("volume ls -q --filter label={v} --filter label=color=red")
            .eventually()
            .is("{v}")
            .run("volume ls -q --filter label={v}")
            .eventually()
            .lines(&["{v}", "{w}"]),
        case("volume-inspect", "docker volume inspect reference: name, driver, scope and place")
            .run("volume create {v}")
            .run("volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}}' {v}")
            .is("{v} local local")
            .run("run --rm -v {v}:/m bb sh -c 'echo written > /m/f'")
            .run("volume inspect --format '{{.Mountpoint}}' {v}")
            .like("/*")
            .keep("place")
            .read("{place}/f")
            .is("written"),
        case("volume-inspect-json", "docker volume inspect reference: a JSON array if no format is given")
            .run("volume create {v}")
            .run("volume inspect {v}")
            .like("[*\"Name\": \"{v}\"*]"),
        case(
            "volume-inspect-unknown",
            "docker volume inspect reference: a volume that does not exist is an error",
        )
        .run("volume inspect no-such")
        .fails()
        .says("no-such"),
        case("volume-ls-table", "docker volume ls reference: driver and name")
            .run("volume create {v}")
            .run("volume ls --filter name={v}")
            .eventually()
            .like("DRIVER*VOLUME NAME\nlocal*{v}"),
        case("volume-ls-format", "docker volume ls reference, --format: a Go template a line")
            .run("volume create --label color=red {v}")
            .run("volume ls --filter name={v} --format '{{.Name}} {{.Driver}} {{.Scope}}'")
            .eventually()
            .is("{v} local local")
            .run("volume ls --filter name={v} --format '{{.Labels}}'")
            .eventually()
            .is("color=red")
            .run("volume ls --filter name={v} --format json")
            .eventually()
            .has("\"{v}\""),
        case("volume-ls-dangling", "docker volume ls reference, dangling: those no container has")
            .run("volume create {v}")
            .run("create --name {c} -v {w}:/m bb")
            .run("volume ls -q --filter dangling=true")
            .eventually()
            .has("{v}")
            .lacks("{w}")
            .run("volume ls -q --filter dangling=false")
            .eventually()
            .has("{w}")
            .lacks("{v}"),
        case("volume-ls-filter-unknown", "docker volume ls reference, --filter: known filters")
            .run("volume ls --filter nope=1")
            .fails()
            .says("nope"),
        case("volume-rm", "docker volume rm reference: names are printed; what does not exist is an error")
            .run("volume create {v}")
            .run("volume create {w}")
            .run("volume rm {v} {w}")
            .is("{v}\n{w}")
            .run("volume rm {v}")
            .fails()
            .says("{v}")
            .run("volume rm -f {v}"),
        case("volume-rm-in-use", "docker volume rm reference: a volume that a container has stays")
            .run("create --name {c} -v {v}:/m bb")
            .run("volume rm {v}")
            .fails()
            .says("{v}")
            .run("rm {c}")
            .run("volume rm {v}")
            .is("{v}"),
        case("volume-prune-filter", "docker volume prune reference: unused volumes with this label")
            .run("volume create --label {v} {v}")
            .run("create --name {c} -v {w}:/m bb")
            .run("volume prune -f --filter label={v}")
            .has("{v}")
            .run("volume ls -q")
            .eventually()
            .lacks("{v}")
            .has("{w}"),
        case("volume-prune-asks", "docker volume prune reference: it asks first")
            .run("volume create --label {v} {v}")
            .run("volume prune --filter label={v}")
            .input("n\n")
            .run("volume ls -q")
            .eventually()
            .has("{v}")
            .run("volume prune --filter label={v}")
            .input("y\n")
            .run("volume ls -q")
            .eventually()
            .lacks("{v}"),
        case("volume-prune", "docker volume prune reference: anonymous volumes that no container has")
            .alone()
            .run("volume create")
            .keep("made")
            .run("run --name {c} -v /m bb true")
            .run("volume prune -f")
            .has("{made}")
            .run("volume ls -q")
            .eventually()
            .lacks("{made}")
            .run("inspect -f '{{range .Mounts}}{{.Name}}{{end}}' {c}")
            .keep("used")
            .run("volume inspect -f x {used}")
            .is("x"),
    ]
}
