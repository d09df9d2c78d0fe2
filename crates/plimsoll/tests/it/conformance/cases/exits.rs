//! Exit codes, `stop`, `kill`, `wait`, `pause`.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = codes();
    cases.extend(stop());
    cases.extend(kill());
    cases.extend(wait());
    cases.extend(pause());
    cases
}

fn codes() -> Vec<Case> {
    vec![
        case("exit-code", "docker run reference, Exit status: that of the process")
            .run("run --rm bb true")
            .run("run --rm bb false")
            .ends(1)
            .run("run --rm bb sh -c 'exit 42'")
            .ends(42)
            .run("run --rm bb sh -c 'exit 255'")
            .ends(255),
        case("exit-127", "docker run reference, Exit status: 127 when the command cannot be found")
            .run("run --rm bb no-such-program")
            .ends(127)
            .says("no-such-program")
            .run("run --rm bb /no/such/file")
            .ends(127),
        case("exit-126", "docker run reference, Exit status: 126 when the command cannot be invoked")
            .run("run --rm bb /etc")
            .ends(126)
            .run("run --rm bb /etc/passwd")
            .ends(126),
        case("exit-125", "docker run reference, Exit status: 125 when the error is not the process's")
            .run("run --rm --nope bb true")
            .ends(125)
            .says("nope")
            .run("run --rm --pull never no-such-image")
            .ends(125)
            .says("no-such-image")
            .run("run --rm")
            .ends(125),
        case("exit-by-signal", "docker run reference, Exit status: 128 and the number of the signal")
            .run("run --rm --init bb sh -c 'kill -TERM $$'")
            .ends(143)
            .run("run --rm --init bb sh -c 'kill -KILL $$'")
            .ends(137),
        case("exit-in-background", "docker run reference, -d: what does not start is told all the same")
            .run("run -d --name {c} bb no-such-program")
            .ends(127)
            .says("no-such-program"),
        case("exec-exit-code", "docker exec reference: that of the process, 126 and 127 as for run")
            .run("run -d --name {c} obey")
            .run("exec {c} sh -c 'exit 4'")
            .ends(4)
            .run("exec {c} no-such-program")
            .ends(127)
            .run("exec {c} /etc/passwd")
            .ends(126),
    ]
}

fn stop() -> Vec<Case> {
    vec![
        case("stop", "docker stop reference: SIGTERM; names are printed")
            .run("run -d --name {c} obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("stop {c}")
            .is("{c}")
            .run("inspect -f '{{.State.Status}} {{.State.ExitCode}}' {c}")
            .is("exited 7"),
        case("stop-kills", "docker stop reference, -t: after so many seconds SIGKILL")
            .run("run -d --name {c} bb sleep 1000")
            .run("stop -t 1 {c}")
            .run("inspect -f '{{.State.ExitCode}}' {c}")
            .is("137"),
        case("stop-timeout", "docker run reference, --stop-timeout: the seconds if stop does not say")
            .run("run -d --name {c} --stop-timeout 1 bb sleep 1000")
            .run("stop {c}")
            .run("inspect -f '{{.State.ExitCode}} {{.Config.StopTimeout}}' {c}")
            .is("137 1"),
        case("stop-signal", "docker run reference, --stop-signal: another signal; the image may have one")
            .run("run -d --name {c} --stop-signal SIGTERM int sh -c \"trap 'exit 7' TERM; echo up; sleep 1000 & wait\"")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("stop {c}")
            .run("run -d --name {b} int")
            .run("logs {b}")
            .has("up")
            .eventually()
            .run("stop {b}")
            .run("inspect -f '{{.State.ExitCode}}' {c} {b}")
            .is("7\n11"),
        case("stop-what-has-ended", "docker stop reference: a container that does not run is left alone")
            .run("run --name {c} bb true")
            .run("stop {c}")
            .is("{c}"),
        case("stop-unknown", "docker stop reference: a container that does not exist is an error, others stop")
            .run("run -d --name {c} obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("stop no-such {c}")
            .fails()
            .says("no-such")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("false"),
        case("stop-signal-invalid", "docker run reference, --stop-signal: a signal there is")
            .run("run --rm --stop-signal NOPE bb true")
            .ends(125)
            .says("NOPE"),
    ]
}

fn kill() -> Vec<Case> {
    vec![
        case("kill", "docker kill reference: SIGKILL; names are printed")
            .run("run -d --name {c} obey")
            .run("kill {c}")
            .is("{c}")
            .run("wait {c}")
            .is("137"),
        case("kill-signal", "docker kill reference, -s: a name with or without SIG, or a number")
            .run("run -d --name {c} bb sh -c \"trap 'echo usr1' USR1; trap 'echo usr2; exit 7' USR2; echo up; while :; do sleep 0.05; done\"")
            .run("logs {c}")
            .is("up")
            .eventually()
            .run("kill -s USR1 {c}")
            .run("logs {c}")
            .is("up\nusr1")
            .eventually()
            .run("kill --signal SIGUSR1 {c}")
            .run("logs {c}")
            .is("up\nusr1\nusr1")
            .eventually()
            .run("kill -s 12 {c}")
            .run("wait {c}")
            .is("7"),
        case("kill-what-has-ended", "docker kill reference: only what runs can be killed")
            .run("run --name {c} bb true")
            .run("kill {c}")
            .fails()
            .says("running")
            .run("kill no-such")
            .fails()
            .says("no-such"),
        case("kill-signal-invalid", "docker kill reference, -s: a signal there is")
            .run("run -d --name {c} obey")
            .run("kill -s NOPE {c}")
            .fails()
            .says("NOPE")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("true"),
    ]
}

fn wait() -> Vec<Case> {
    vec![
        case("wait", "docker wait reference: blocks until the end, and prints the exit code")
            .run("run -d --name {c} obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .begin("wait {c}")
            .is("7")
            .run("stop {c}"),
        case(
            "wait-for-several",
            "docker wait reference: a line a container; what has ended is waited for no more",
        )
        .run("run --name {c} bb sh -c 'exit 3'")
        .ends(3)
        .run("run --name {b} bb sh -c 'exit 4'")
        .ends(4)
        .run("wait {c} {b}")
        .is("3\n4"),
        case("wait-unknown", "docker wait reference: a container that does not exist is an error")
            .run("wait no-such")
            .fails()
            .says("no-such"),
    ]
}

fn pause() -> Vec<Case> {
    vec![
        case("pause", "docker pause reference: all processes are held; names are printed")
            .run("run -d --name {c} bb sh -c 'while :; do echo x; sleep 0.05; done'")
            .run("pause {c}")
            .is("{c}")
            .run("inspect -f '{{.State.Status}} {{.State.Paused}}' {c}")
            .is("paused true")
            .run("ps --filter name={c} --format '{{.Status}}'")
            .like("Up *(Paused)")
            .run("ps --filter name={c} --filter status=paused --format '{{.State}}'")
            .is("paused")
            .run("unpause {c}")
            .is("{c}")
            .run("inspect -f '{{.State.Status}} {{.State.Paused}}' {c}")
            .is("running false"),
        case("pause-twice", "docker pause reference: only what runs, and is not paused")
            .run("run -d --name {c} obey")
            .run("unpause {c}")
            .fails()
            .run("pause {c}")
            .run("pause {c}")
            .fails()
            .run("create --name {b} bb")
            .hex(64)
            .run("pause {b}")
            .fails(),
        case("pause-and-exec", "docker exec reference: not in a paused container")
            .run("run -d --name {c} obey")
            .run("pause {c}")
            .run("exec {c} true")
            .ends(1),
        case("pause-and-stop", "docker stop reference: a paused container can be stopped")
            .run("run -d --name {c} obey")
            .run("logs {c}")
            .has("up")
            .eventually()
            .run("pause {c}")
            .run("stop {c}")
            .run("inspect -f '{{.State.Status}} {{.State.ExitCode}}' {c}")
            .is("exited 7"),
    ]
}
