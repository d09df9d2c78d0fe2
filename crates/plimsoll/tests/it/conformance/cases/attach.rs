//! Standard streams: `-i`, `attach`, terminals, leaving them.

use crate::conformance::case::{Case, case};

/// The cases.
pub fn cases() -> Vec<Case> {
    let mut cases = streams();
    cases.extend(attach());
    cases.extend(terminal());
    cases
}

fn streams() -> Vec<Case> {
    vec![
        case("stdin", "docker run reference, -i: standard input reaches the process, and its end")
            .run("run --rm -i bb wc -c")
            .input("x".repeat(1_000_000))
            .is("1000000"),
        case("stdin-closed", "docker run reference, -i: without it there is nothing to read")
            .run("run --rm bb cat")
            .input("unread")
            .is(""),
        case("stdin-left-unread", "docker run reference, -i: a process need not read it")
            .run("run --rm -i bb head -c 3")
            .input("0123456789")
            .is("012"),
        case("ten-megabytes", "docker run reference: output arrives whole")
            .run("run --rm bb sh -c 'yes 0123456789abcde | head -c 10485760'")
            .bytes(10_485_760),
        case("streams-apart", "docker run reference: standard error is standard error")
            .run("run --rm bb sh -c 'echo out; echo err >&2'")
            .is("out")
            .says("err"),
        case("attach-only-one", "docker run reference, -a: only the streams that are named")
            .run("run --rm -a stdout bb sh -c 'echo out; echo err >&2'")
            .is("out")
            .run("run --rm -a stderr bb sh -c 'echo out; echo err >&2'")
            .is("")
            .says("err"),
        case(
            "signal-is-passed-on",
            "docker run reference, --sig-proxy: signals of the command reach the process",
        )
        .begin("run --name {c} bb sh -c \"trap 'exit 9' TERM; echo up; while :; do sleep 0.05; done\"")
        .ends(9)
        .has("up")
        .run("logs {c}")
        .is("up")
        .eventually()
        .signal("TERM"),
        case("exec-stdin", "docker exec reference, -i: standard input reaches the process")
            .run("run -d --name {c} obey")
            .run("exec -i {c} wc -c")
            .input("0123456789")
            .is("10")
            .run("exec {c} cat")
            .input("unread")
            .is(""),
    ]
}

fn attach() -> Vec<Case> {
    vec![
        case("attach", "docker attach reference: output from now on, input, and the exit code")
            .run("run -d -i --name {c} bb sh -c 'echo before; read x; echo got $x; exit 5'")
            .run("logs {c}")
            .is("before")
            .eventually()
            // From a terminal: docker prints nothing more once its input has ended.
            .run("attach {c}")
            .types("", "typed\n")
            .ends(5)
            .has("got typed")
            .lacks("before"),
        case("attach-without-stdin", "docker attach reference, --no-stdin: nothing is passed on")
            .run("run -d -i --name {c} bb sh -c 'until test -e /go; do echo tick; sleep 0.05; done; read -t 1 x; echo got=$x'")
            .begin("attach --no-stdin {c}")
            .input("unread\n")
            .has("got=")
            .lacks("unread")
            .read("begun")
            .has("tick")
            .eventually()
            .run("exec {c} touch /go"),
        case("attach-to-what-has-ended", "docker attach reference: only what runs")
            .run("run --name {c} bb true")
            .run("attach {c}")
            .fails()
            .run("attach no-such")
            .fails()
            .says("no-such"),
        case("attach-sig-proxy", "docker attach reference, --sig-proxy: signals reach the process")
            .run("run -d --name {c} bb sh -c \"trap 'echo asked; exit 9' TERM; while :; do echo up; sleep 0.05; done\"")
            .begin("attach {c}")
            .ends(9)
            .has("asked")
            .read("begun")
            .has("up")
            .eventually()
            .signal("TERM"),
    ]
}

fn terminal() -> Vec<Case> {
    vec![
        case("terminal", "docker run reference, -it: all three streams are a terminal, which the caller's is")
            .run("run --rm -it bb sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo all; read x; echo got $x; exit 5'")
            .types("all", "typed\n")
            .ends(5)
            .has("/dev/pts/0")
            .has("got typed"),
        case("terminal-without-one", "docker run reference, -it: refused where standard input is no terminal")
            .run("run --rm -it bb true")
            .input("x")
            .ends(1),
        case("terminal-without-stdin", "docker run reference, -t: a terminal may be written to by anybody")
            .run("run --rm -t bb sh -c 'test -t 1 && echo terminal'")
            .is("terminal"),
        case("detach-keys", "docker attach reference: ctrl-p ctrl-q leaves it running")
            .run("run -it --name {c} bb sh -c 'echo up; read x; echo got $x'")
            .types("up", "\u{10}\u{11}")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("true")
            .run("attach {c}")
            .types("", "typed\n")
            .has("got typed"),
        case("detach-keys-of-ones-own", "docker attach reference, --detach-keys: others than ctrl-p ctrl-q")
            .run("run -it --detach-keys ctrl-x,y --name {c} bb sh -c 'echo up; read x'")
            .types("up", "\u{18}y")
            .run("inspect -f '{{.State.Running}}' {c}")
            .is("true"),
        case("exec-terminal", "docker exec reference, -t: a terminal of its own")
            .run("run -d --name {c} obey")
            .run("exec -it {c} sh -c 'tty; read x; echo got $x; exit 5'")
            .types("pts", "typed\n")
            .ends(5)
            .has("/dev/pts/")
            .has("got typed"),
        case("exec-detached", "docker exec reference, -d: it is left running, and nothing is printed")
            .run("run -d --name {c} obey")
            .run("exec -d {c} sh -c 'echo late > /tmp/late'")
            .run("exec {c} cat /tmp/late")
            .is("late")
            .eventually(),
        case("exec-env", "docker exec reference, -e: variables on top of the container's")
            .run("run -d --name {c} -e A=1 -e B=1 obey")
            .run("exec -e B=2 --env C=3 {c} sh -c 'echo $A$B$C'")
            .is("123"),
        case("exec-env-file", "docker exec reference, --env-file: variables of a file")
            .file("vars", "# comment\nA=1\n")
            .run("run -d --name {c} obey")
            .run("exec --env-file {d}/vars {c} sh -c 'echo $A'")
            .is("1"),
        case("exec-not-running", "docker exec reference: only in what runs")
            .run("run --name {c} bb true")
            .run("exec {c} true")
            .ends(1)
            .run("exec no-such true")
            .ends(1)
            .says("no-such"),
        case("exec-words", "docker exec reference: words after the container are the program's")
            .run("run -d --name {c} obey")
            .run("exec {c} echo --help -u 0 -- 'a b'")
            .is("--help -u 0 -- a b")
            .run("exec {c}")
            .ends(1),
        case("exec-privileged", "docker exec reference, --privileged: all capabilities")
            .run("run -d --name {c} --cap-drop ALL obey")
            .run("exec {c} grep CapEff /proc/self/status")
            .like("*0000000000000000")
            .run("exec --privileged {c} grep CapEff /proc/self/status")
            .lacks("0000000000000000"),
    ]
}
