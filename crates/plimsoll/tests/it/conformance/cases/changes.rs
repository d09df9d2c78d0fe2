//! `diff` and `export`, and docker's long names.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("diff", "docker diff reference: A what was added, C what was changed, D what was deleted")
            .run(
                "run --name {c} bb sh -c 'echo x > /f; rm /etc/group; mkdir /d; touch /d/g; chmod 700 /home'",
            )
            .run("diff {c}")
            .lines(&["A /d", "A /d/g", "A /f", "C /etc", "C /home", "D /etc/group"]),
        case("diff-unchanged", "docker diff reference: nothing of a container that was never started")
            .run("create --name {c} bb")
            .hex(64)
            .run("diff {c}")
            .is(""),
        case("diff-running", "docker diff reference: of one that runs, too")
            .run("run -d --name {c} obey")
            .run("exec {c} touch /f")
            .run("diff {c}")
            .has("A /f"),
        case("diff-without-volumes", "docker diff reference: what lies in volumes is no change")
            .run("run --name {c} -v /m bb touch /m/f")
            .run("diff {c}")
            .lacks("/m/f"),
        case("diff-unknown", "docker diff reference: the container has to exist")
            .run("diff no-such")
            .fails()
            .says("no-such"),
        case("export", "docker export reference: an archive of all files")
            .run("run --name {c} bb sh -c 'echo text > /f; rm /etc/group; ln -s f /link'")
            .run("export -o tar {c}")
            .is("")
            .run("run --rm -v {d}:/t:ro bb sh -c 'tar -tf /t/tar; tar -xOf /t/tar f; tar -tvf /t/tar link'")
            .has("etc/passwd")
            .has("text")
            .has("link -> f")
            .lacks("etc/group")
            .run("export {c}")
            .has("text"),
        case("export-running", "docker export reference: of one that runs, too")
            .run("run -d --name {c} obey")
            .run("exec {c} touch /f")
            .run("export --output=tar {c}")
            .run("run --rm -v {d}:/t:ro bb tar -tf /t/tar f")
            .is("f"),
        case("export-without-volumes", "docker export reference: not what lies in volumes")
            .run("run --name {c} -v /m bb touch /m/f")
            .run("export -o tar {c}")
            .run("run --rm -v {d}:/t:ro bb tar -tf /t/tar")
            .lacks("m/f"),
        case("export-to-terminal", "docker export reference: to a file, or to where standard output leads")
            .run("create --name {c} bb")
            .hex(64)
            .run("export {c}")
            .types("", "")
            .fails(),
        case("export-unknown", "docker export reference: the container has to exist")
            .run("export no-such")
            .fails()
            .says("no-such"),
        case("container-long-names", "docker container reference: the verbs of containers")
            .run("container create --name {c} bb")
            .hex(64)
            .run("container ls -a --filter name={c} --format '{{.Names}}'")
            .is("{c}")
            .run("container inspect -f '{{.State.Status}}' {c}")
            .is("created")
            .run("container inspect bb")
            .fails()
            .run("container rm {c}")
            .is("{c}"),
    ]
}
