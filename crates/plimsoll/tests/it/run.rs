//! `run`: which process starts, as whom, where, with what, and how its end is told.

use std::process::Stdio;
use std::time::Duration;

use crate::harness::{Ids, World, collect, eventually, ids, wait};

#[test]
fn exit_codes_are_dockers() {
    let Some(world) = World::with_busybox() else { return };
    let run = |words: &[&str]| {
        let mut all = vec!["run", "--rm", "--network", "none"];
        all.extend(words);
        world.run(&all)
    };
    run(&["bb", "true"]).ok();
    run(&["bb", "sh", "-c", "exit 3"]).ends(3);
    run(&["bb", "no-such-program"]).ends(127).one_sentence().says(&["'no-such-program'", "PATH"]);
    run(&["bb", "/no/such/file"]).ends(127).one_sentence().says(&["/no/such/file"]);
    run(&["bb", "/etc/passwd"]).ends(126).one_sentence().says(&["/etc/passwd", "not executable", "chmod"]);
    run(&["bb", "/etc"]).ends(126).one_sentence().says(&["/etc"]);
    run(&["--init", "bb", "sh", "-c", "kill -TERM $$"]).ends(143);
    run(&["--init", "bb", "sh", "-c", "kill -KILL $$"]).ends(137);
    run(&["no-such-image"]).ends(125).one_sentence().says(&["no image 'no-such-image'"]);
    world.run(&["tag", "bb", "server"]).ok();
    run(&["servr"]).ends(125).one_sentence().says(&[
        "no image 'servr'",
        "did you mean 'server'?",
        "Fetching it failed",
    ]);
    run(&["Bad:Name:x"]).ends(125).one_sentence().says(&["'Bad:Name:x'"]);
    world.assert_nothing_left();
}

#[test]
fn flags_belong_before_the_image_and_words_after_it_to_the_program() {
    let Some(world) = World::with_busybox() else { return };
    world
        .run(&["run", "--rm", "bb", "echo", "--help", "-e", "A=b", "--rm", "--", "-x"])
        .ok()
        .is("--help -e A=b --rm -- -x");
    world.run(&["run", "--rm", "-e", "A=b", "bb", "sh", "-c", "echo $A"]).ok().is("b");
    for (words, named) in [
        (&["run", "--nope", "bb"][..], "--nope"),
        (&["run", "--gpus=all", "bb"], "--gpus"),
        (&["run", "-Z", "bb"], "-Z"),
        (&["exec", "--nope", "x", "true"], "--nope"),
    ] {
        world.run(words).ends(125).one_sentence().says(&[named]);
    }
    world.run(&["run", "--entrypont", "x", "bb"]).ends(125).says(&["--entrypoint"]);
    world.run(&["run"]).ends(125).one_sentence().says(&["IMAGE"]);
    world.run(&["run", "--help"]).ok().prints(&["Start a container", "IMAGE [COMMAND] [ARG"]);
}

#[test]
fn mistaken_values_are_named() {
    let Some(world) = World::with_busybox() else { return };
    let cases: &[(&[&str], &[&str])] = &[
        (&["-p", "99999"], &["-p '99999'", "PORT"]),
        (&["-p", "80-82:80-81"], &["ranges", "lengths"]),
        (&["-e", "=x"], &["'=x'", "variable"]),
        (&["--env-file", "nofile"], &["nofile", "does not exist"]),
        (&["--tmpfs", "relative"], &["'relative'", "absolute"]),
        (&["--tmpfs", "/x:size=big"], &["'big'", "size"]),
        (&["--mount", "type=bind,src=/no/such,dst=/x"], &["bind source path does not exist: /no/such"]),
        (&["-v", "bad name:/x"], &["create bad name: ", "volume name"]),
        (&["-v", "/etc:relative"], &["'relative' mount path must be absolute"]),
        (&["-v", "/etc:/x:wo"], &["invalid mode: wo"]),
        (&["-v", "/etc:/x", "--tmpfs", "/x/"], &["Duplicate mount point: /x"]),
        (&["--volumes-from", "nobody"], &["'nobody'"]),
        (&["-w", "relative"], &["'relative'", "absolute"]),
        (&["--network", "nope"], &["'nope'", "none, host"]),
        (&["--cap-add", "NOPE"], &["'NOPE'", "capability"]),
        (&["--security-opt", "nope"], &["nope", "no-new-privileges"]),
        (&["--stop-signal", "NOPE"], &["'NOPE'", "signal"]),
        (&["--user", "nobdy"], &["no user 'nobdy'", "did you mean 'nobody'"]),
        (&["--user", "0:nogrp"], &["no group 'nogrp'"]),
        (&["--name", "a b"], &["'a b'", "container name"]),
    ];
    for (flags, words) in cases {
        let mut all = vec!["run", "--rm"];
        all.extend(*flags);
        all.extend(["bb", "true"]);
        world.run(&all).ends(125).one_sentence().says(words);
    }
    world.assert_nothing_left();
    assert!(world.in_store("volumes").is_empty(), "{:?}", world.in_store("volumes"));
}

#[test]
fn entrypoint_and_command() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nENTRYPOINT [\"echo\", \"entry\"]\nCMD [\"cmd\"]\n").ok();
    world.run(&["run", "--rm", "app"]).ok().is("entry cmd");
    world.run(&["run", "--rm", "app", "words"]).ok().is("entry words");
    world.run(&["run", "--rm", "--entrypoint", "echo", "app"]).ok().is("");
    world.run(&["run", "--rm", "--entrypoint", "echo", "app", "x"]).ok().is("x");
    world.run(&["run", "--rm", "--entrypoint", "", "app", "echo", "x"]).ok().is("x");
    world.build(&["-t", "shell"], "FROM bb\nENTRYPOINT echo shell\nCMD [\"lost\"]\n").ok();
    world.run(&["run", "--rm", "shell", "lost", "too"]).ok().is("shell");
    world.build(&["-t", "nothing"], "FROM bb\nCMD []\n").ok();
    world.run(&["run", "--rm", "nothing"]).ends(125).one_sentence().says(&["no command"]);
}

#[test]
fn the_environment_in_dockers_order() {
    let Some(world) = World::with_busybox() else { return };
    world.build(&["-t", "app"], "FROM bb\nENV A=image B=image C=image\n").ok();
    world.write("vars", "# comment\n\nB=file\nC=file\nD=x=y z\nOUTSIDE\nUNSET\n");
    let words = [
        "run",
        "--rm",
        "--env-file",
        "vars",
        "-e",
        "C=flag",
        "-e",
        "OUTSIDE2",
        "-e",
        "UNSET2",
        "-e",
        "EMPTY=",
        "app",
        "env",
    ];
    let mut command = world.command(&words);
    command.env("OUTSIDE", "1").env("OUTSIDE2", "2").env("LEAK", "leaked");
    let output = crate::harness::finish(command, Vec::new());
    let lines: Vec<&str> = output.ok().stdout.lines().collect();
    for line in ["A=image", "B=file", "C=flag", "D=x=y z", "OUTSIDE=1", "OUTSIDE2=2", "EMPTY=", "HOME=/root"]
    {
        assert!(lines.contains(&line), "{line}: {output}");
    }
    assert!(
        lines.iter().any(|line| line.starts_with("PATH=/usr/local/sbin:"))
            && lines.iter().any(|line| line.starts_with("HOSTNAME="))
    );
    for absent in ["UNSET", "LEAK", "PLIMSOLL", "TERM"] {
        assert!(!output.stdout.contains(absent), "{absent}: {output}");
    }
}

#[test]
fn users_and_directories() {
    let Some(world) = World::with_busybox() else { return };
    let id = |user: &str| {
        let output = world.run(&[
            "run",
            "--rm",
            "-u",
            user,
            "bb",
            "sh",
            "-c",
            "echo $(id -u):$(id -g):$(id -G) $HOME",
        ]);
        output.ok().stdout.trim().to_string()
    };
    let more = if ids() == Ids::Single { "1000" } else { "1000 50" };
    assert_eq!(id("app"), format!("1000:1000:{more} /home/app"));
    assert_eq!(id("1000"), format!("1000:1000:{more} /home/app"));
    assert_eq!(id("app:staff"), "1000:50:50 /home/app");
    assert_eq!(id("4321:1234"), "4321:1234:1234 /");
    assert_eq!(id("4321"), "4321:0:0 /");
    assert_eq!(id("0"), "0:0:0 /root");

    let pwd = |flags: &[&str]| {
        let mut all = vec!["run", "--rm"];
        all.extend(flags);
        all.push("pwd");
        world.run(&all).ok().stdout.trim().to_string()
    };
    world.build(&["-t", "app"], "FROM bb\nWORKDIR /home/app\n").ok();
    assert_eq!(pwd(&["bb"]), "/");
    assert_eq!(pwd(&["app"]), "/home/app");
    assert_eq!(pwd(&["-w", "/tmp", "app"]), "/tmp");
    assert_eq!(pwd(&["-w", "/new/made", "app"]), "/new/made");
    let hostname = world.run(&[
        "run",
        "--rm",
        "--hostname",
        "box",
        "bb",
        "sh",
        "-c",
        "hostname; cat /etc/hostname; grep -c box /etc/hosts",
    ]);
    hostname.ok().is("box\nbox\n1");
}

#[test]
fn ten_megabytes_pass_through() {
    let Some(world) = World::with_busybox() else { return };
    let bytes = plimsoll_testkit::image::noise(3, 10 << 20);
    let output = world.run_with_input(&["run", "--rm", "-i", "bb", "cat"], bytes.clone());
    assert_eq!(output.ok().bytes.len(), bytes.len());
    assert!(output.bytes == bytes, "the bytes are the same");
    // Without -i there is nothing to read, and a reader that stops early is no error.
    world.run_with_input(&["run", "--rm", "bb", "cat"], b"unread".to_vec()).ok().is("");
    world.run_with_input(&["run", "--rm", "-i", "bb", "head", "-c", "3"], bytes).ok();
    let both = world.run(&["run", "--rm", "bb", "sh", "-c", "echo out; echo err >&2"]);
    assert_eq!((both.stdout.as_str(), both.stderr.as_str()), ("out\n", "err\n"));
}

#[test]
fn a_terminal_is_one() {
    let Some(world) = World::with_busybox() else { return };
    let Some(script) = plimsoll_testkit::program("script") else { return };
    let inside =
        "tty; test -t 0 && test -t 1 && test -t 2 && echo all; echo $TERM; read line; echo got $line; exit 5";
    let command_line = format!("{} run --rm -it bb sh -c '{inside}'", crate::harness::program().display());
    let mut command = std::process::Command::new(script);
    command.args(["-qec", &command_line, "/dev/null"]);
    world.dress(&mut command);
    let output = crate::harness::finish(command, b"typed\n".to_vec());
    output.ends(5).prints(&["/dev/pts/0", "all", "xterm", "got typed"]);
    let refused = world.run_with_input(&["run", "--rm", "-it", "bb", "true"], b"x".to_vec());
    refused.ends(125).one_sentence().says(&["not a terminal", "-t"]);
}

#[test]
fn signals_reach_the_process_and_the_end_is_told() {
    let Some(world) = World::with_busybox() else { return };
    let start = |words: &[&str]| {
        let mut command = world.command(&["run", "--rm", "--name", "it", "bb"]);
        command
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let running = || world.run(&["ps", "--format", "json"]).stdout.contains("\"running\"");
    let handler =
        start(&["sh", "-c", "trap 'echo asked; exit 9' TERM; echo up; while :; do sleep 0.05; done"]);
    eventually("it runs", || world.run(&["logs", "it"]).stdout.contains("up"));
    signal(&handler, "TERM");
    collect(handler, "run".into()).ends(9).prints(&["asked"]);
    eventually("it is gone", || !running());
    // PID 1 without a handler gets nothing of a signal; SIGKILL from outside ends it.
    let mut deaf = start(&["sleep", "1000"]);
    eventually("it runs", running);
    signal(&deaf, "TERM");
    std::thread::sleep(Duration::from_millis(200));
    world.run(&["kill", "it"]).ok();
    assert_eq!(wait(&mut deaf, Duration::from_secs(20)), Some(137));
    eventually("--rm removes it", || world.run(&["ps", "-aq"]).stdout.is_empty());
}

/// Send a signal to a child.
fn signal(child: &std::process::Child, name: &str) {
    let status = std::process::Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}
