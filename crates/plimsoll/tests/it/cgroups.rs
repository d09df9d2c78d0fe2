//! Limits, `update`, `pause`, `unpause`, `stats`, `top`: all processes of a container at once, and what
//! they use.

use std::io::BufRead as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::{Ids, World, eventually, ids};

/// Start a container that writes a number to its log again and again.
fn counting(world: &World, name: &str) {
    let script = "i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done";
    world.run(&["run", "-d", "--name", name, "bb", "sh", "-c", script]).ok();
    eventually("it counts", || !last_line(world, name).is_empty());
}

fn last_line(world: &World, name: &str) -> String {
    world.run(&["logs", "-n", "1", name]).stdout
}

/// Limits can be set here: root, where memory and processes have controllers.
fn can_limit(world: &World) -> bool {
    let output = world.run(&["run", "--rm", "-m", "64m", "--pids-limit", "50", "bb", "true"]);
    let discarded = output.ok().stderr.contains("is discarded because");
    if discarded {
        plimsoll_testkit::skip(output.stderr.trim());
    }
    !discarded
}

/// What a file of the container's own control group says, on version 2 or 1.
fn limit_inside(world: &World, name: &str, two: &str, one: &str) -> String {
    let script = format!("cat /sys/fs/cgroup/{two} 2>/dev/null || cat /sys/fs/cgroup/{one}");
    world.run(&["exec", name, "sh", "-c", &script]).ok().stdout.trim().to_string()
}

#[test]
fn limits_hold_and_are_seen_inside() {
    let Some(world) = World::with_busybox() else { return };
    if !can_limit(&world) {
        return;
    }
    let flags = ["run", "-d", "--name", "small", "-m", "16m", "--pids-limit", "9", "--cpus", "0.5"];
    world.run(&[&flags[..], &["bb", "sleep", "1000"]].concat()).ok();
    let inside = |two, one| limit_inside(&world, "small", two, one);
    assert_eq!(inside("memory.max", "memory/memory.limit_in_bytes"), "16777216");
    assert_eq!(inside("pids.max", "pids/pids.max"), "9");
    let quota = inside("cpu.max", "cpu/cpu.cfs_quota_us");
    assert!(["50000 100000", "50000"].contains(&quota.as_str()), "{quota}");
    let forks = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done";
    world.run(&["exec", "small", "sh", "-c", forks]).says(&["can't fork"]);
    world.run(&["stats", "--no-stream", "--format", "{{.MemUsage}}", "small"]).ok().prints(&["/ 16MiB"]);

    world.run(&["update", "-m", "32m", "--pids-limit", "11", "small"]).ok().is("small");
    assert_eq!(inside("memory.max", "memory/memory.limit_in_bytes"), "33554432");
    assert_eq!(inside("pids.max", "pids/pids.max"), "11");
    world.run(&["update", "-m", "1m", "small"]).ends(1).one_sentence().says(&["--memory 1048576", "6 MiB"]);
    world.run(&["update", "small"]).ends(2).one_sentence().says(&["one or more flags"]);
    world.run(&["rm", "-f", "small"]).ok();

    let greedy = ["run", "--name", "greedy", "-m", "16m", "bb", "busybox", "tail", "/dev/zero"];
    world.run(&greedy).ends(137);
    world.run(&["inspect", "-f", "{{.State.OOMKilled}}", "greedy"]).ok().is("true");
}

#[test]
fn a_device_can_be_used_as_far_as_its_letters_say() {
    let Some(world) = World::with_busybox() else { return };
    if ids() != Ids::Root {
        return;
    }
    if !Path::new("/dev/loop0").exists() || !Path::new("/sys/fs/cgroup/devices").is_dir() {
        return plimsoll_testkit::skip("no /dev/loop0, or no controller of devices (version 1)");
    }
    let open = |letters: &str, script: &str| {
        let device = format!("/dev/loop0:/dev/x:{letters}");
        world.run(&["run", "--rm", "--device", &device, "bb", "sh", "-c", script]).code
    };
    assert_eq!((open("r", "exec 3< /dev/x"), open("rw", "exec 3<> /dev/x")), (0, 0));
    assert_ne!(open("r", "exec 3>> /dev/x"), 0, "it may only be read");
    assert_ne!(open("w", "exec 3< /dev/x"), 0, "it may only be written");
}

#[test]
fn without_rights_a_limit_is_a_warning() {
    let Some(world) = World::with_busybox() else { return };
    let output = world.run(&["run", "--rm", "-m", "64m", "bb", "echo", "runs all the same"]);
    output.ok().is("runs all the same");
    if ids() != Ids::Root && plimsoll_sys::probe::cgroups().delegated.is_none() {
        assert_eq!(
            output.stderr.matches("warning: the memory limit is discarded because ").count(),
            1,
            "{output}"
        );
    }
}

#[test]
fn pause_stops_everything_until_unpause() {
    let Some(world) = World::with_busybox() else { return };
    counting(&world, "still");
    world.run(&["unpause", "still"]).ends(1).one_sentence().says(&["still", "not paused"]);
    world.run(&["pause", "still"]).ok().is("still");
    world.run(&["ps"]).ok().prints(&["still", "(Paused)"]);
    // What it had written before may still be on its way to the log.
    eventually("nothing is written any more", || {
        let before = last_line(&world, "still");
        std::thread::sleep(std::time::Duration::from_millis(50));
        last_line(&world, "still") == before
    });
    world.run(&["pause", "still"]).ends(1).one_sentence().says(&["still", "already paused"]);
    world.run(&["exec", "still", "true"]).ends(125).one_sentence().says(&["still", "paused", "unpause"]);
    world.run(&["top", "still"]).ok().prints(&["PID"]);
    let before = last_line(&world, "still");
    world.run(&["unpause", "still"]).ok().is("still");
    eventually("it goes on", || last_line(&world, "still") != before);

    world.run(&["pause", "still"]).ok();
    world.run(&["rm", "-f", "still"]).ok();
    world.run(&["pause", "still"]).ends(1).says(&["'still'"]);
    world.assert_nothing_left();
}

#[test]
fn what_is_paused_can_be_killed_and_stopped() {
    let Some(world) = World::with_busybox() else { return };
    counting(&world, "killed");
    world.run(&["pause", "killed"]).ok();
    world.run(&["kill", "killed"]).ok();
    world.run(&["wait", "killed"]).ok().is("137");

    let script = "trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done";
    world.run(&["run", "-d", "--name", "asked", "bb", "sh", "-c", script]).ok();
    eventually("it is up", || last_line(&world, "asked") == "up\n");
    world.run(&["pause", "asked"]).ok();
    world.run(&["stop", "asked"]).ok();
    world.run(&["wait", "asked"]).ok().is("7");
    world.run(&["pause", "asked"]).ends(1).one_sentence().says(&["asked", "not running"]);
}

#[test]
fn stats_have_dockers_columns_and_fields() {
    let Some(world) = World::with_busybox() else { return };
    world.run(&["run", "-d", "--name", "idle", "bb", "sleep", "1000"]).ok();
    world.run(&["run", "--name", "ended", "bb", "true"]).ok();
    let columns =
        ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
    let shown = world.run(&["stats", "--no-stream"]);
    shown.ok().prints(&columns).prints(&["idle"]);
    assert!(!shown.stdout.contains("ended"), "{shown}");
    world.run(&["stats", "--no-stream", "--all"]).ok().prints(&["idle", "ended"]);

    let template = "{{.Name}} {{.PIDs}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}}";
    let line = world.run(&["stats", "--no-stream", "--format", template, "idle"]);
    let words: Vec<&str> = line.ok().stdout.split_whitespace().collect();
    assert_eq!((words[0], words[1], words[4], words.len()), ("idle", "1", "/", 13), "{line}");
    assert!(words[2].ends_with('%') && words[3].ends_with('B') && words[5].ends_with("iB"), "{line}");
    assert_ne!(words[3], "0B", "a process has memory: {line}");
    let json = world.run(&["stats", "--no-stream", "--no-trunc", "--format", "json", "idle"]);
    let json = json.ok().json();
    assert_eq!((json["Name"].as_str(), json["Container"].as_str()), (Some("idle"), Some("idle")));
    assert_eq!(json["ID"].as_str().unwrap().len(), 64);
    let nothing = world.run(&["stats", "--no-stream", "--format", "{{.PIDs}} {{.MemUsage}}", "ended"]);
    nothing.ok().is("0 0B / 0B");
    world.run(&["stats", "--no-stream", "nothing"]).ends(1).one_sentence().says(&["'nothing'"]);
    world.run(&["stats", "--no-stream", "--format", "{{.Nothing}}"]).ends(2).says(&["Nothing"]);
}

#[test]
fn stats_go_on_until_their_containers_are_gone() {
    let Some(world) = World::with_busybox() else { return };
    world.run(&["run", "-d", "--rm", "--name", "short", "bb", "sleep", "1000"]).ok();
    let mut stats = world.command(&["stats", "short"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufReader::new(stats.stdout.take().unwrap()).lines();
    // Not on a terminal: one table after the other.
    let headings = lines.by_ref().map(Result::unwrap).filter(|line| line.starts_with("CONTAINER ID")).take(2);
    assert_eq!(headings.count(), 2);
    world.run(&["rm", "-f", "short"]).ok();
    lines.for_each(drop);
    assert!(stats.wait().unwrap().success());
}

#[test]
fn top_lists_processes_from_outside() {
    let Some(world) = World::with_busybox() else { return };
    world
        .run(&["run", "-d", "--name", "it", "-u", "app", "bb", "sh", "-c", "sleep 2001 & exec sleep 2002"])
        .ok();
    eventually("both run", || {
        let lines = world.run(&["top", "it"]).stdout;
        lines.contains("sleep 2001") && lines.contains("sleep 2002")
    });
    let usual = world.run(&["top", "it"]);
    let lines: Vec<Vec<&str>> =
        usual.ok().stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"], "{usual}");
    assert_eq!(lines.len(), 3, "{usual}");
    assert_eq!(lines[1][7..], ["sleep", "2002"], "PID 1 comes first: {usual}");
    assert_eq!((lines[2][2], lines[2][5]), (lines[1][1], "?"), "its parent is PID 1: {usual}");

    world.run(&["top", "it", "-o", "pid,args"]).ok().prints(&["PID", "COMMAND", "sleep 2001"]);
    world.run(&["top", "it", "aux"]).ok().prints(&["USER", "%MEM", "STAT", "COMMAND", "sleep 2001"]);
    let names = world.run(&["top", "it", "-eo", "comm,nlwp,stat"]);
    names.ok().prints(&["COMMAND", "NLWP", "STAT", " 1 "]);
    world.run(&["top", "it", "--forest"]).ends(2).one_sentence().says(&["'--forest'", "-ef"]);
    world.run(&["top", "it", "-o", "pid,colour"]).ends(2).one_sentence().says(&["'colour'", "pid"]);
    world.run(&["top", "nothing"]).ends(1).one_sentence().says(&["'nothing'"]);
    world.run(&["rm", "-f", "it"]).ok();
    world.run(&["run", "--name", "ended", "bb", "true"]).ok();
    world.run(&["top", "ended"]).ends(1).one_sentence().says(&["ended", "not running"]);
}

#[test]
fn top_says_what_ps_says() {
    let Some(world) = World::with_busybox() else { return };
    if Command::new("ps").arg("--version").stdout(Stdio::null()).status().is_err() {
        return plimsoll_testkit::skip("ps is not installed (Debian: procps)");
    }
    world.run(&["run", "-d", "--name", "same", "bb", "sleep", "2004"]).ok();
    eventually("it sleeps", || {
        let shown = world.run(&["top", "same", "-o", "s,args"]).stdout;
        shown.contains("S   sleep 2004")
    });
    let pid = world.run(&["top", "same", "-o", "pid"]).ok().stdout.lines().nth(1).unwrap().trim().to_string();
    for fields in [
        "pid,ppid,uid,gid,comm,args",
        "pgid,sid,nice,nlwp,stat,state,tty",
        "vsz,rss,pmem,time,cputime,c",
        "user,group",
    ] {
        let ours = world.run(&["top", "same", "-o", fields]);
        // Columns of 8 characters would cut names off; ours are as wide as they have to be.
        let wide = fields.replace("user,group", "user:32,group:32");
        let theirs = Command::new("ps").args(["-o", &wide, "-p", &pid]).output().unwrap();
        let words = |text: &str| text.split_whitespace().map(str::to_string).collect::<Vec<_>>();
        assert_eq!(words(&ours.ok().stdout), words(&String::from_utf8_lossy(&theirs.stdout)), "{fields}");
    }
}

#[test]
fn a_command_line_does_not_steer_the_terminal() {
    let Some(world) = World::with_busybox() else { return };
    let words = ["run", "-d", "--name", "odd", "bb", "sh", "-c", "sleep 2003; : \u{1b}[2J"];
    world.run(&words).ok();
    let shown = world.run(&["top", "odd"]);
    shown.ok().prints(&["sleep 2003; : ?[2J"]);
    assert!(!shown.stdout.contains('\u{1b}'), "{shown}");
}
