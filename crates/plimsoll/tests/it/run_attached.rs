//! `run`: which streams are attached, and what of the caller reaches the process.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::harness::{World, eventually, wait};

#[test]
fn only_chosen_streams_are_attached() {
    let Some(world) = World::with_busybox() else { return };
    let script = "echo out; echo err >&2; exit 4";
    let run = |streams: &[&str]| {
        let mut all = vec!["run", "--name", "box"];
        streams.iter().for_each(|stream| all.extend(["-a", *stream]));
        all.extend(["bb", "sh", "-c", script]);
        let output = world.run(&all);
        world.run(&["logs", "box"]).ok().is("out");
        world.run(&["rm", "box"]).ok();
        (output.code, output.stdout.clone(), output.stderr.clone())
    };
    let own = |code, out: &str, err: &str| (code, out.to_string(), err.to_string());
    assert_eq!(run(&[]), own(4, "out\n", "err\n"));
    assert_eq!(run(&["stdout"]), own(4, "out\n", ""));
    assert_eq!(run(&["STDERR"]), own(4, "", "err\n"));
    assert_eq!(run(&["stdout", "stderr"]), own(4, "out\n", "err\n"));
    world.assert_nothing_left();
}

#[test]
fn with_input_alone_the_id_is_told() {
    let Some(world) = World::with_busybox() else { return };
    let output = world
        .run_with_input(&["run", "-i", "-a", "stdin", "bb", "sh", "-c", "cat; exit 3"], b"read".to_vec());
    let id = output.ok().stdout.trim().to_string();
    assert_eq!(id.len(), 64, "{output}");
    world.run(&["logs", &id]).ok().is("read");
    world.run(&["rm", &id]).ok();
}

/// A container that says when it is up and what signal it gets, started with these flags.
fn signalled(world: &World, flags: &[&str]) -> (Option<i32>, String) {
    let script = "trap 'echo got it; exit 7' TERM; echo up; while :; do sleep 0.1; done";
    let mut words = vec!["run", "--name", "box"];
    words.extend(flags);
    words.extend(["bb", "sh", "-c", script]);
    let mut command = world.command(&words);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "up");
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    let code = wait(&mut child, Duration::from_secs(20));
    let logs = world.run(&["logs", "box"]).ok().stdout.clone();
    (code, logs)
}

#[test]
fn signals_are_passed_on_unless_they_are_ours() {
    let Some(world) = World::with_busybox() else { return };
    let (code, logs) = signalled(&world, &[]);
    assert_eq!((code, logs.trim()), (Some(7), "up\ngot it"));
    world.run(&["rm", "box"]).ok();
    let (code, logs) = signalled(&world, &["--sig-proxy=false"]);
    assert_eq!((code, logs.trim()), (Some(143), "up"), "plimsoll itself was ended");
    world.run(&["ps"]).ok().prints(&["box", "Up"]);
    world.run(&["stop", "box"]).ok();
    eventually("it was asked to stop", || world.run(&["logs", "box"]).stdout.contains("got it"));
    world.run(&["rm", "box"]).ok();
    world.assert_nothing_left();
}

#[test]
fn all_exposed_ports_get_one_of_ours() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nEXPOSE 80 53/udp\nCMD [\"sleep\", \"1000\"]\n").ok();
    world.run(&["run", "-d", "--name", "box", "-P", "--expose", "90", "app"]).ok();
    let ports = world.run(&["ps"]);
    ports.ok().prints(&["->80/tcp", "->53/udp", "->90/tcp"]);
    world.run(&["rm", "-f", "box"]).ok();
    let warned = world.run(&["run", "--rm", "-P", "--network", "none", "app", "true"]);
    warned.ok().says(&["warning: -p is without effect"]);
}
