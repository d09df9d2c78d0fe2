//! `ps`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = filters();
    cases.extend(forms());
    cases
}

fn filters() -> Vec<Case> {
    vec![
        case("ps-all", "docker ps reference, -a: else only those that run")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .run("run -d --name {b} --label {c} obey")
            .run("ps --filter label={c} --format {{.Names}}")
            .is("{b}")
            .run("ps -a --filter label={c} --format {{.Names}}")
            .lines(&["{b}", "{c}"]),
        case("ps-newest-first", "docker ps reference: the latest created container is the first line")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .run("create --name {b} --label {c} bb")
            .hex(64)
            .run("ps -a --filter label={c} --format {{.Names}}")
            .is("{b}\n{c}"),
        case("ps-filter-name", "docker ps reference, name: all or part of a name")
            .run("create --name {c} bb")
            .hex(64)
            .run("ps -a --filter name={c} --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter name=c.ps-filter-nam --format {{.Names}}")
            .is("{c}")
            .run("ps -a -f name=no.such.name -q")
            .is(""),
        case("ps-filter-id", "docker ps reference, id: the whole id or its beginning")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("ps -a --filter id={id} --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter id={id12} --format {{.Names}}")
            .is("{c}"),
        case("ps-filter-status", "docker ps reference, status: created, running, paused, exited and others")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .run("run -d --name {b} --label {c} obey")
            .run("ps --filter label={c} --filter status=created --format {{.Names}}")
            .is("{c}")
            .run("ps --filter label={c} --filter status=running --format {{.Names}}")
            .is("{b}")
            .run("ps --filter label={c} --filter status=created --filter status=running --format {{.Names}}")
            .lines(&["{b}", "{c}"])
            .run("ps --filter label={c} --filter status=exited --format {{.Names}}")
            .is(""),
        case("ps-filter-exited", "docker ps reference, exited: the exit code")
            .run("run --name {c} --label {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("run --name {b} --label {c} bb true")
            .run("ps -a --filter label={c} --filter exited=3 --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter label={c} --filter exited=0 --format {{.Names}}")
            .is("{b}"),
        case("ps-filter-ancestor", "docker ps reference, ancestor: the image it was made from")
            .run("create --name {c} --label {c} entry")
            .hex(64)
            .run("create --name {b} --label {c} shell")
            .hex(64)
            .run("ps -a --filter label={c} --filter ancestor=entry:latest --format {{.Names}}")
            .is("{c}")
            .run("inspect -f '{{.Image}}' {b}")
            .keep("image")
            .run("ps -a --filter label={c} --filter ancestor={image} --format {{.Names}}")
            .is("{b}"),
        case("ps-filter-label", "docker ps reference, label: a key, or a key with a value; all have to fit")
            .run("create --name {c} --label {c} --label color=red bb")
            .hex(64)
            .run("create --name {b} --label {c} --label color=blue bb")
            .hex(64)
            .run("ps -a --filter label={c} --filter label=color=red --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter label={c} --filter label=color --format {{.Names}}")
            .lines(&["{b}", "{c}"]),
        case("ps-filter-volume", "docker ps reference, volume: a volume, or the place of a mount")
            .run("create --name {c} --label {c} -v {v}:/m bb")
            .hex(64)
            .run("create --name {b} --label {c} bb")
            .hex(64)
            .run("ps -a --filter volume={v} --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter label={c} --filter volume=/m --format {{.Names}}")
            .is("{c}"),
        case("ps-filter-before-since", "docker ps reference, before and since: created earlier or later")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .run("create --name {b} --label {c} bb")
            .hex(64)
            .run("ps -a --filter label={c} --filter before={b} --format {{.Names}}")
            .is("{c}")
            .run("ps -a --filter label={c} --filter since={c} --format {{.Names}}")
            .is("{b}"),
        case("ps-filter-unknown", "docker ps reference, --filter: known filters, as KEY=VALUE")
            .run("ps --filter nope=1")
            .fails()
            .says("nope")
            .run("ps --filter nope")
            .ends(125),
    ]
}

fn forms() -> Vec<Case> {
    vec![
        case("ps-table", "docker ps reference: seven columns")
            .run("run -d --name {c} bb sleep 1000")
            .keep("id")
            .run("ps --filter name={c}")
            .like(
                "CONTAINER ID*IMAGE*COMMAND*CREATED*STATUS*PORTS*NAMES\n{id12}*bb*\"sleep 1000\"*ago*Up *{c}",
            ),
        case("ps-quiet", "docker ps reference, -q: ids only; --no-trunc: whole ones")
            .run("create --name {c} bb")
            .hex(64)
            .keep("id")
            .run("ps -aq --filter name={c}")
            .is("{id12}")
            .run("ps -a -q --no-trunc --filter name={c}")
            .is("{id}"),
        case("ps-no-trunc", "docker ps reference, --no-trunc: commands are not cut either")
            .run("create --name {c} bb echo 0123456789 0123456789 0123456789")
            .hex(64)
            .run("ps -a --filter name={c} --format {{.Command}}")
            .is("\"echo 0123456789 012…\"")
            .run("ps -a --no-trunc --filter name={c} --format {{.Command}}")
            .is("\"echo 0123456789 0123456789 0123456789\""),
        case("ps-format", "docker ps reference, --format: a Go template a line, no head")
            .run("run -d --name {c} -v {v}:/m bb sleep 1000")
            .keep("id")
            .run("ps --filter name={c} --format '{{.ID}} {{.Names}}'")
            .is("{id12} {c}")
            .run("ps --filter name={c} --format '{{.Image}}'")
            .is("bb")
            .run("ps --filter name={c} --format '{{.State}}'")
            .is("running")
            .run("ps --filter name={c} --format '{{.Status}}|{{.RunningFor}}'")
            .like("Up *second*|*ago")
            .run("ps --filter name={c} --format '{{.Mounts}}'")
            .is("{v}"),
        case("ps-format-table", "docker ps reference, --format: table with the columns' heads")
            .run("create --name {c} bb")
            .hex(64)
            .run("ps -a --filter name={c} --format 'table {{.Names}}\t{{.Status}}'")
            .like("NAMES*STATUS\n{c}*Created"),
        case("ps-format-json", "docker ps reference, --format: json of a row")
            .run("create --name {c} bb")
            .hex(64)
            .run("ps -a --filter name={c} --format '{{json .Names}}'")
            .is("\"{c}\"")
            .run("ps -a --filter name={c} --format '{{json .}}'")
            .like("{*\"{c}\"*}"),
        case("ps-format-invalid", "docker ps reference, --format: a template, of known fields")
            .run("ps --format '{{.Nope}}'")
            .fails()
            .says("Nope")
            .run("ps --format '{{.Names'")
            .fails(),
        case("ps-status-of-ended", "docker ps reference: Exited (CODE) and how long ago")
            .run("run --name {c} bb sh -c 'exit 3'")
            .ends(3)
            .run("ps -a --filter name={c} --format '{{.Status}}'")
            .like("Exited (3) *ago")
            .run("ps -a --filter name={c} --format '{{.State}}'")
            .is("exited"),
        case("ps-size", "docker ps reference, -s: how much it has written")
            .run("run --name {c} bb sh -c 'head -c 100000 /dev/zero > /f'")
            .run("ps -a -s --filter name={c} --format '{{.Size}}'")
            .like("1*kB (virtual *B)"),
        case("ps-last", "docker ps reference, -n and -l: the latest created, in all states")
            .alone()
            .run("create --name {c} bb")
            .hex(64)
            .run("create --name {b} bb")
            .hex(64)
            .run("ps -l --format {{.Names}}")
            .is("{b}")
            .run("ps -n 2 --format {{.Names}}")
            .is("{b}\n{c}")
            .run("ps --last 1 --format {{.Names}}")
            .is("{b}"),
    ]
}
