//! Restart policies.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    vec![
        case("restart-no", "docker run reference, --restart: no is the default")
            .run("run --name {c} bb false")
            .ends(1)
            .run("inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.RestartCount}} {{.State.Status}}' {c}")
            .is("no 0 exited"),
        case("restart-on-failure", "docker run reference, on-failure: after a failure, up to so many times")
            .run("run -d --name {c} --restart on-failure:2 bb sh -c 'echo x; exit 3'")
            .run("inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' {c}")
            .is("2 exited 3")
            .eventually()
            .run("logs {c}")
            .is("x\nx\nx")
            .run("inspect -f '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' {c}")
            .is("on-failure 2"),
        case("restart-on-failure-not-after-success", "docker run reference, on-failure: not after exit code 0")
            .run("run -d --name {c} --restart on-failure bb true")
            .run("wait {c}")
            .is("0")
            .run("inspect -f '{{.RestartCount}} {{.State.Status}}' {c}")
            .is("0 exited"),
        case("restart-always", "docker run reference, always: whatever the exit code")
            .run("run -d --name {c} --restart always bb sh -c 'echo x; test -e /second && exec sleep 1000; touch /second'")
            .run("logs {c}")
            .is("x\nx")
            .eventually()
            .run("inspect -f '{{.RestartCount}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}}' {c}")
            .is("1 true always")
            .eventually(),
        case("restart-unless-stopped", "docker run reference, unless-stopped: as always, while nobody stops it")
            .run("run -d --name {c} --restart unless-stopped bb sh -c 'echo x; test -e /second && exec sleep 1000; touch /second'")
            .run("logs {c}")
            .is("x\nx")
            .eventually()
            .run("inspect -f '{{.HostConfig.RestartPolicy.Name}}' {c}")
            .is("unless-stopped"),
        case("restart-not-after-stop", "docker run reference, Restart policies: stop ends it for good")
            .run("run -d --name {c} --restart always obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("stop {c}")
            .run("inspect -f '{{.State.Status}} {{.RestartCount}}' {c}")
            .is("exited 0")
            .run("start {c}")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("true"),
        case("restart-after-signal-from-inside", "docker run reference, always: being killed is an end like others")
            .run("run -d --name {c} --init --restart always bb sh -c 'echo x; test -e /second && exec sleep 1000; touch /second; kill -9 $$'")
            .run("logs {c}")
            .is("x\nx")
            .eventually(),
        case("restart-and-rm", "docker run reference, --rm: not together with a restart policy")
            .run("run --rm --restart always bb true")
            .ends(125)
            .says("restart"),
        case("restart-invalid", "docker run reference, --restart: no, on-failure[:N], always, unless-stopped")
            .run("run --rm --restart sometimes bb true")
            .ends(125)
            .run("run --name {c} --restart on-failure:x bb true")
            .ends(125)
            .run("run --name {b} --restart always:3 bb true")
            .ends(125),
    ]
}
