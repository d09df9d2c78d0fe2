//! Mistakes of the command line.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("flag-unknown", "docker CLI: a flag there is; 125 as for run")
            .run("create --nope bb")
            .ends(125)
            .says("nope")
            .run("exec --nope x true")
            .ends(125)
            .says("nope")
            .run("ps --nope")
            .ends(125)
            .says("nope")
            .run("rm --nope x")
            .ends(125)
            .says("nope"),
        case("flag-without-value", "docker CLI: a flag that takes a value gets one")
            .run("run --rm bb true --name")
            .run("run --rm --name")
            .ends(125)
            .says("name"),
        case("flag-value-invalid", "docker CLI: true and false, numbers")
            .run("run --rm=maybe bb true")
            .ends(125)
            .says("maybe")
            .run("run --rm --stop-timeout soon bb true")
            .ends(125)
            .says("soon")
            .run("run --rm --pids-limit many bb true")
            .ends(125)
            .says("many")
            .run("run --rm --cpu-shares many bb true")
            .ends(125)
            .says("many"),
        case("image-unknown", "docker run reference, --pull=never: an image that is here")
            .run("run --rm --pull never no-such-image true")
            .ends(125)
            .says("no-such-image"),
        case("image-name-invalid", "docker run reference: names of images are lower case")
            .run("run --rm --pull never Bad:Name:x true")
            .ends(125),
        case("verb-unknown", "docker CLI: a verb there is").run("frobnicate").fails().says("frobnicate"),
        case("help", "docker CLI, --help: what a verb does and its flags, and nothing is done")
            .run("run --help")
            .has("--entrypoint")
            .has("--volume")
            .run("ps --help")
            .has("--filter")
            .run("rm --help")
            .has("--force"),
        case("container-unknown", "docker CLI: a container that does not exist is an error of every verb")
            .run("stop no-such")
            .fails()
            .says("no-such")
            .run("rm no-such")
            .fails()
            .says("no-such")
            .run("inspect no-such")
            .fails()
            .says("no-such")
            .run("pause no-such")
            .fails()
            .says("no-such")
            .run("rename no-such {c}")
            .fails()
            .says("no-such"),
        case("words-missing", "docker CLI: a verb gets the names it needs")
            .run("stop")
            .fails()
            .run("rm")
            .fails()
            .run("logs")
            .fails()
            .run("kill")
            .fails()
            .run("wait")
            .fails(),
    ]
}
