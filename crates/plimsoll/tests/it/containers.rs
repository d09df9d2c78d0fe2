//! `ps`, `logs`, `exec`, `stop`, `kill`, `wait`, `rm`: containers that run on.

use std::time::{Duration, Instant};

use crate::harness::{Ids, World, eventually, ids};

const LOOP: &str = "trap 'echo stopping; exit 7' TERM; echo up; echo err >&2; while :; do sleep 0.05; done";

/// Start a container that handles SIGTERM, and wait until it does.
fn start(world: &World, name: &str) -> String {
    let output = world.run(&["run", "-d", "--name", name, "bb", "sh", "-c", LOOP]);
    let id = output.ok().stdout.trim().to_string();
    assert!(id.len() == 64 && id.chars().all(|c| c.is_ascii_hexdigit()), "{output}");
    eventually("it is up", || world.run(&["logs", name]).stdout.contains("up"));
    id
}

#[test]
fn a_life_from_start_to_removal() {
    let Some(world) = World::with_busybox() else { return };
    let id = start(&world, "life");
    world.run(&["ps"]).ok().prints(&["CONTAINER ID", "life", "Up ", "bb", &id[..12]]);
    world.run(&["ps", "-q", "--no-trunc"]).ok().is(&id);
    let logs = world.run(&["logs", &id[..12]]);
    assert_eq!((logs.stdout.as_str(), logs.stderr.as_str()), ("up\n", "err\n"));
    world.run(&["logs", "--timestamps", "life"]).ok().prints(&["T", "Z up"]);

    world.run(&["rm", "life"]).ends(1).one_sentence().says(&["life", "is running", "force"]);
    world.run(&["stop", "-t", "10", "life"]).ok().is("life");
    world.run(&["ps"]).ok();
    world.run(&["ps", "-a"]).ok().prints(&["Exited (7)"]);
    world.run(&["wait", "life"]).ok().is("7");
    world.run(&["logs", "-n", "1", "life"]).ok().prints(&["stopping"]);
    world.run(&["exec", "life", "true"]).ends(125).one_sentence().says(&["life", "not run"]);
    world.run(&["kill", "life"]).ends(1).one_sentence().says(&["life", "not run"]);
    world.run(&["stop", "life"]).ok();
    world.run(&["rm", "life"]).ok().is("life");
    world.assert_nothing_left();
    world.run(&["logs", "life"]).ends(1).one_sentence().says(&["'life'", "ps -a"]);
}

#[test]
fn exec_joins_what_runs() {
    let Some(world) = World::with_busybox() else { return };
    start(&world, "it");
    let exec = |words: &[&str]| {
        let mut all = vec!["exec"];
        all.extend(words);
        world.run(&all)
    };
    exec(&["it", "sh", "-c", "echo hello; exit 4"]).ends(4).is("hello");
    exec(&["-e", "A=b", "-w", "/tmp", "it", "sh", "-c", "echo $A $PWD"]).ok().is("b /tmp");
    let groups = if ids() == Ids::Single { "1000" } else { "1000 50" };
    exec(&["-u", "app", "it", "sh", "-c", "echo $(id -u) $(id -G)"]).ok().is(&format!("1000 {groups}"));
    exec(&["it", "ps"]).ok().prints(&["sh -c trap"]);
    exec(&["it", "no-such-program"]).ends(127).one_sentence();
    exec(&["it", "/etc/passwd"]).ends(126).one_sentence();
    exec(&["-u", "nobdy", "it", "true"]).ends(125).one_sentence().says(&["nobdy", "nobody"]);
    exec(&["nothing", "true"]).ends(125).one_sentence().says(&["'nothing'"]);
    let input = world.run_with_input(&["exec", "-i", "it", "cat"], b"through".to_vec());
    input.ok().is("through");
    exec(&["-d", "it", "sh", "-c", "echo late > /tmp/late"]).ok().is("");
    eventually("the detached process has written", || exec(&["it", "cat", "/tmp/late"]).stdout == "late\n");
    exec(&["it", "--help"]).ends(127);
    // The same rights, namespaces and limits as the container's.
    let bounding = "grep CapBnd /proc/1/status /proc/self/status | cut -f2 | sort -u | wc -l";
    exec(&["it", "sh", "-c", bounding]).ok().is("1");
    world.run(&["rm", "-f", "it"]).ok();
}

#[test]
fn stop_and_kill_end_what_runs() {
    let Some(world) = World::with_busybox() else { return };
    start(&world, "asked");
    world.run(&["kill", "-s", "TERM", "asked"]).ok().is("asked");
    world.run(&["wait", "asked"]).ok().is("7");

    world.run(&["run", "-d", "--name", "deaf", "bb", "sleep", "1000"]).ok();
    let begun = Instant::now();
    world.run(&["stop", "-t", "1", "deaf"]).ok();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    world.run(&["wait", "deaf"]).ok().is("137");
    world.run(&["ps", "-a"]).ok().prints(&["Exited (137)"]);

    let flags = ["run", "-d", "--name", "int", "--stop-signal", "INT", "bb", "sh", "-c"];
    world.run(&[&flags[..], &["trap 'exit 11' INT; echo up; while :; do sleep 0.05; done"]].concat()).ok();
    eventually("it is up", || world.run(&["logs", "int"]).stdout.contains("up"));
    world.run(&["stop", "int"]).ok();
    world.run(&["wait", "int"]).ok().is("11");

    world.run(&["kill", "-s", "NOPE", "int"]).ends(2).one_sentence().says(&["'NOPE'"]);
    world.run(&["run", "-d", "--rm", "--name", "auto", "bb", "sleep", "1000"]).ok();
    world.run(&["rm", "-f", "auto"]).ok();
    world.run(&["rm", "-f", "nothing"]).ok().says(&["'nothing'"]);
    world
        .run(&["rm", "asked", "nothing", "deaf", "int"])
        .ends(1)
        .prints(&["asked", "deaf", "int"])
        .says(&["'nothing'"]);
    world.assert_nothing_left();
}

#[test]
fn names_are_unique_and_rm_frees_them() {
    let Some(world) = World::with_busybox() else { return };
    world.run(&["run", "--name", "once", "bb", "true"]).ok();
    let taken = world.run(&["run", "--name", "once", "bb", "true"]);
    taken.ends(125).one_sentence().says(&["'once'", "belongs to container"]);
    world.run(&["rm", "once"]).ok();
    world.run(&["run", "--rm", "--name", "once", "bb", "true"]).ok();
    world.run(&["run", "-d", "--rm", "--name", "quick", "bb", "true"]).ok();
    eventually("--rm removes what has ended", || world.run(&["ps", "-aq"]).stdout.is_empty());
    world.run(&["run", "--name", "ended", "bb", "sh", "-c", "exit 3"]).ends(3);
    world.run(&["ps", "-a"]).ok().prints(&["ended", "Exited (3)"]);
    world.run(&["rmi", "bb"]).ends(1).one_sentence().says(&[
        "bb",
        "used by a container",
        "plimsoll rm ended",
    ]);
    world.run(&["rm", "ended"]).ok();
    world.run(&["run", "-d", "--name", "fails", "bb", "no-such-program"]).ends(127).one_sentence();
}

#[test]
fn logs_follow_until_the_end() {
    let Some(world) = World::with_busybox() else { return };
    world
        .run(&[
            "run",
            "-d",
            "--name",
            "talk",
            "bb",
            "sh",
            "-c",
            "for i in 1 2 3; do echo line $i; sleep 0.1; done; printf end",
        ])
        .ok();
    world.run(&["logs", "-f", "talk"]).ok().is("line 1\nline 2\nline 3\nend");
    world.run(&["logs", "--tail", "2", "talk"]).ok().is("line 3\nend");
    world.run(&["logs", "--tail", "x", "talk"]).ends(2).says(&["'x'", "all"]);
}
