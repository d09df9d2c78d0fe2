//! `commit`, and `container prune`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("commit", "docker commit reference: an image with what the container has written")
            .run("run --name {c} bb sh -c 'echo text > /f; rm /etc/group'")
            .run("commit {c} {i}")
            .has("")
            .run("run --rm {i} sh -c 'cat /f; ls /etc'")
            .has("text")
            .has("passwd")
            .lacks("group"),
        case("commit-config", "docker commit reference: the image has the container's configuration")
            .run("run --name {c} -e A=1 -w /tmp -u app --label x=y bb sh -c 'echo from $A $(pwd) $(id -u)'")
            .is("from 1 /tmp 1000")
            .run("commit {c} {i}")
            .run("run --rm {i}")
            .is("from 1 /tmp 1000")
            .run("inspect --type image -f '{{.Config.Labels.x}}' {i}")
            .is("y"),
        case("commit-change", "docker commit reference, -c: instructions of a Dockerfile")
            .run("create --name {c} bb")
            .hex(64)
            .run("commit -c 'ENV A=changed' --change 'CMD [\"sh\",\"-c\",\"echo $A\"]' -c 'WORKDIR /tmp' -c 'EXPOSE 80' {c} {i}")
            .run("run --rm {i}")
            .is("changed")
            .run("inspect --type image -f '{{.Config.WorkingDir}} {{json .Config.ExposedPorts}}' {i}")
            .is("/tmp {\"80/tcp\":{}}"),
        case("commit-author-and-message", "docker commit reference, -a and -m: they are told by the image")
            .run("create --name {c} bb")
            .hex(64)
            .run("commit -a somebody -m 'said so' {c} {i}")
            .run("inspect --type image -f '{{.Author}}' {i}")
            .is("somebody")
            .run("history --no-trunc --format '{{.Comment}}' {i}")
            .has("said so"),
        case("commit-running", "docker commit reference: what runs is held meanwhile, and runs on")
            .run("run -d --name {c} obey")
            .run("exec {c} touch /f")
            .run("commit {c} {i}")
            .run("inspect -f '{{.State.Status}}' {c}")
            .is("running")
            .run("run --rm {i} ls /f")
            .is("/f"),
        case("commit-without-volumes", "docker commit reference: what lies in volumes is not part of it")
            .run("run --name {c} -v /m bb touch /m/f")
            .run("commit {c} {i}")
            .run("run --rm --entrypoint ls {i} -A /m")
            .is(""),
        case("commit-unknown", "docker commit reference: the container has to exist")
            .run("commit no-such {i}")
            .fails()
            .says("no-such"),
        case("commit-change-invalid", "docker commit reference, -c: instructions that change the configuration")
            .run("create --name {c} bb")
            .hex(64)
            .run("commit -c 'RUN true' {c} {i}")
            .fails(),
        case("container-prune-filter", "docker container prune reference: those that do not run, with this label")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .keep("id")
            .run("run -d --name {b} --label {c} obey")
            .run("container prune -f --filter label={c}")
            .has("{id}")
            .run("ps -a --filter label={c} --format '{{.Names}}'")
            .is("{b}"),
        case("container-prune-asks", "docker container prune reference: it asks first")
            .run("create --name {c} --label {c} bb")
            .hex(64)
            .run("container prune --filter label={c}")
            .input("n\n")
            .run("ps -a --filter label={c} --format '{{.Names}}'")
            .is("{c}"),
        case("container-prune", "docker container prune reference: all that do not run")
            .alone()
            .run("create --name {c} bb")
            .hex(64)
            .run("run --name {b} bb true")
            .run("container prune -f")
            .run("ps -aq")
            .is(""),
    ]
}
